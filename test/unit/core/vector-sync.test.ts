import { expect, test } from "vitest";
import { VectorSync, type Write } from "../../../src/core/vector-sync.ts";
import { Deadline } from "../../../src/concurrency/deadline.ts";
import { newWriteId, type ItemRecord } from "../../../src/model/item.ts";
import { encodeValue } from "../../../src/model/value-codec.ts";
import { onlyGeneration } from "../../../src/core/generations.ts";
import type { Indexing } from "../../../src/core/indexing.ts";
import { Keywords } from "../../../src/core/keywords/keywords.ts";
import type { ItemRepository } from "../../../src/ports/item-repository.ts";
import { silentLogger } from "../../../src/ports/logger.ts";

const LIMITS = { maxValueBytes: 1_000_000 };

function recordOf(version: number): ItemRecord {
  const value = encodeValue({ text: "green" }, LIMITS);
  const rest = { index: undefined, vectorCount: 1, expiresAt: null, ttlMs: null, value };
  return { namespace: "a", key: "k", created: 1, version, writeId: newWriteId(), ...rest };
}

/** An item that others write concurrently: each read returns another record, unless the test fixes it. */
function syncOf(
  standing: () => ItemRecord,
  { policy = "strict", flag = async () => undefined }: { readonly policy?: "strict" | "deferred"; readonly flag?: () => Promise<void> } = {},
): { sync: VectorSync; flagged: string[] } {
  const flagged: string[] = [];
  const items = {
    get: async () => [standing()],
    put: async () => [{ status: "fulfilled", value: undefined }],
    markUnscored: async (paths: readonly string[]) => {
      await flag();
      flagged.push(...paths);
    },
  } as unknown as ItemRepository;
  const indexing = {
    rules: { textsOf: () => ["green"] },
    embedder: { forgetRejections: () => undefined, documents: async () => [[1]] },
    keywords: new Keywords(null),
    storedLanguage: () => null,
    vectors: { stored: async () => [null], upsert: async () => [{ status: "fulfilled", value: "contested" }] },
  } as unknown as Indexing;
  return {
    sync: new VectorSync({ items, generations: onlyGeneration(indexing), policy, events: { emit: () => undefined }, logger: silentLogger }),
    flagged,
  };
}

function writeOf(record: ItemRecord): { write: Write; settled: boolean[] } {
  const settled: boolean[] = [];
  const intent = { settle: (withVectors: boolean) => void settled.push(withVectors) };
  return { write: { record, replaced: null, value: { text: "green" }, entries: { indexing: null, texts: 1, vectors: [[1]], terms: null }, other: null, intent }, settled };
}

test("a put that other writers repeatedly supersede succeeds, and its intent stays", async () => {
  let version = 10;
  const { sync, flagged } = syncOf(() => recordOf((version += 1)));
  const { write, settled } = writeOf(recordOf(1));
  const outcomes = await sync.sync([write], new Deadline(5_000));
  expect(outcomes.get(write)).toEqual({ status: "fulfilled", value: undefined });
  expect([settled, flagged]).toEqual([[], ["a"]]);
});

test("a put whose vectors cannot be synced rejects with a VectorSyncError", async () => {
  const own = recordOf(1);
  const { sync, flagged } = syncOf(() => own);
  const { write, settled } = writeOf(own);
  const outcomes = await sync.sync([write], new Deadline(5_000));
  expect(outcomes.get(write)).toMatchObject({ status: "rejected", reason: { code: "VECTOR_SYNC", retryable: true } });
  expect([settled, flagged]).toEqual([[], ["a"]]);
});

test.each([["a superseded put", 2, [[1]]], ["a put whose texts are embedded later", 1, []]] as const)(
  "%s is acknowledged only if searches are led to its item",
  async (_, standing, vectors) => {
    const flag = (): Promise<void> => Promise.reject(new Error("the registry is away"));
    for (const policy of ["strict", "deferred"] as const) {
      let version = standing;
      const { sync } = syncOf(() => recordOf((version += 1)), { policy, flag });
      const { write, settled } = writeOf(recordOf(1));
      const late: Write = { ...write, entries: { ...write.entries, vectors } };
      const outcome = (await sync.sync([late], new Deadline(5_000))).get(late);
      const failure = { status: "rejected", reason: { code: "VECTOR_SYNC", cause: { message: "the registry is away" } } };
      expect(outcome).toMatchObject(policy === "strict" ? failure : { status: "fulfilled" });
      expect(settled).toEqual([]);
    }
  },
);

test("a failure in the other generation of the index is an event, leaves the intent, and does not fail the put", async () => {
  const indexingOf = (upsert: () => Promise<unknown>): Indexing => ({ vectors: { upsert } }) as unknown as Indexing;
  const active = indexingOf(async () => [{ status: "fulfilled", value: "stored" }]);
  const other = indexingOf(() => Promise.reject(new Error("the other collection is away")));
  const emitted: unknown[] = [];
  const items = { markUnscored: async () => undefined } as unknown as ItemRepository;
  const generations = { ...onlyGeneration(active), other };
  const sync = new VectorSync({ items, generations, policy: "strict", events: { emit: (event) => void emitted.push(event) }, logger: silentLogger });
  const { write, settled } = writeOf(recordOf(1));
  const both: Write = { ...write, entries: { ...write.entries, indexing: active }, other: { ...write.entries, indexing: other } };
  expect((await sync.sync([both], new Deadline(5_000))).get(both)).toEqual({ status: "fulfilled", value: undefined });
  expect(emitted).toEqual([{ type: "vector-sync-failed", cause: "the other collection is away" }]);
  expect(settled).toEqual([]);
});
