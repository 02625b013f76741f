/** Cases about deadlines of ports. */
import { describe, expect, test } from "vitest";
import { Deadline } from "../concurrency/deadline.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Outbox } from "../ports/outbox.ts";
import { rejectionOf } from "./expectations.ts";
import { expectStored, putAll, recordOf } from "./records.ts";
import type { RepositoryContext } from "./tested-repository.ts";
import type { BenchContext } from "./vector-bench.ts";

const ENDED = [
  { how: "spent", code: "TIMEOUT", make: () => new Deadline(0) },
  { how: "aborted", code: "ABORTED", make: () => new Deadline(60_000, [AbortSignal.abort("changed my mind")]) },
] as const;

/** The error code of a call, or of all its outcomes, which must be equal. */
async function codeOf(call: Promise<unknown>): Promise<unknown> {
  const [settled] = await Promise.allSettled([call]);
  if (settled.status === "rejected") return (settled.reason as { code?: unknown }).code;
  const outcomes = settled.value as readonly PromiseSettledResult<unknown>[];
  const codes = new Set(outcomes.map((outcome) => (outcome.status === "rejected" ? (outcome.reason as { code?: unknown }).code : "fulfilled")));
  expect(codes.size).toBe(1);
  return [...codes][0];
}

/** Cases about the deadlines of a repository. */
export function repositoryDeadlineCases(context: RepositoryContext): void {
  describe("a deadline that is over", () => {
    test.each(ENDED)("keeps every read from being sent: $how", async ({ code, make }) => {
      const { items, root } = context();
      const record = recordOf(root, "k");
      await putAll(items, [record]);
      const query = { namespace: root, order: "newest", after: null, limit: 10 } as const;
      const reads: readonly ((deadline: Deadline) => Promise<unknown>)[] = [
        (deadline) => items.get([record], deadline),
        (deadline) => items.get([record, { namespace: root, key: "other" }], deadline),
        (deadline) => items.list(query, deadline),
        (deadline) => items.peek([root], deadline),
        (deadline) => items.namespacesAfter({ prefix: root, from: null, limit: 10, unscored: false }, deadline),
        (deadline) => items.scan(null, 10, deadline),
        (deadline) => items.listed([record], deadline),
      ];
      for (const read of reads) await expect(read(make())).rejects.toMatchObject({ code });
      expect(await items.list(query, new Deadline(60_000))).toMatchObject({ records: [{ key: "k" }] });
    });

    test.each(ENDED)("keeps every write from being made: $how", async ({ code, make }) => {
      const { items, root } = context();
      const old = recordOf(root, "k");
      await putAll(items, [old]);
      const next = recordOf(root, "k", { value: { n: 2 } });
      expect(await codeOf(items.put([next, recordOf(root, "new")], make()))).toBe(code);
      const writes: readonly ((repository: ItemRepository) => Promise<void>)[] = [
        (repository) => repository.markUnscored([root], make()),
        (repository) => repository.clearUnscored([root], Date.now(), make()),
        (repository) => repository.unregister([root], Date.now(), make()),
      ];
      for (const write of writes) await expect(write(items)).rejects.toMatchObject({ code });
      await expectStored(items, [old, null], [old, { namespace: root, key: "new" }]);
    });
  });
}

/** Cases about the deadlines of a vector index. */
export function vectorDeadlineCases(context: BenchContext): void {
  describe("a deadline that is over", () => {
    test.each(ENDED)("keeps every request from being sent: $how", async ({ code, make }) => {
      const { bench, root } = context();
      const { vectors } = bench;
      const [kept, next] = [bench.point(root, "k", [bench.vector(1)]), bench.point(root, "new", [bench.vector(1)])];
      await bench.write([kept]);
      await bench.record([next]);
      expect(await codeOf(vectors.upsert([next], undefined, make()))).toBe(code);
      expect(await codeOf(vectors.remove([kept], make()))).toBe(code);
      const query = { vector: bench.vector(1), prefix: root, filter: null, limit: 10 };
      const reads: readonly ((deadline: Deadline) => Promise<unknown>)[] = [
        (deadline) => vectors.query(query, deadline),
        (deadline) => vectors.stored([kept], deadline),
        (deadline) => vectors.scan(null, 10, deadline),
        (deadline) => vectors.expired(Date.now(), null, 10, deadline),
      ];
      for (const read of reads) await expect(read(make())).rejects.toMatchObject({ code });
      expect((await vectors.query(query, new Deadline(60_000))).map(({ key }) => key)).toEqual(["k"]);
    });
  });
}

/** Cases about the deadlines of an outbox. */
export function outboxDeadlineCases(outbox: () => Outbox): void {
  describe("a deadline that is over", () => {
    test.each(ENDED)("keeps every request from being sent: $how", async ({ code, make }) => {
      const batch = { id: `deadline-${code}`, dueAt: Date.UTC(2026, 0, 1), attempts: 0, intents: [] };
      expect(await rejectionOf(outbox().add(batch, make()))).toMatchObject({ code });
      expect(await rejectionOf(outbox().due(Date.UTC(3000, 0, 1), 10, make()))).toMatchObject({ code });
      expect(await rejectionOf(outbox().backlog(10, make()))).toMatchObject({ code });
      await outbox().add(batch, new Deadline(60_000));
      expect(await rejectionOf(outbox().remove([batch], make()))).toMatchObject({ code });
      expect((await outbox().due(Date.UTC(3000, 0, 1), 10)).batches.map(({ id }) => id)).toEqual([batch.id]);
    });
  });
}
