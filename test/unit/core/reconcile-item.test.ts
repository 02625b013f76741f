/** An item whose time to live is renewed while its expired vectors are removed. */
import { afterEach, expect, test, vi } from "vitest";
import { Keywords } from "../../../src/core/keywords/keywords.ts";
import { onlyGeneration } from "../../../src/core/generations.ts";
import type { Indexing } from "../../../src/core/indexing.ts";
import { IndexRules } from "../../../src/core/index-rules.ts";
import { reconcileItem } from "../../../src/core/reconcile-item.ts";
import type { ItemRecord } from "../../../src/model/item.ts";
import type { ItemRepository } from "../../../src/ports/item-repository.ts";
import type { StoredPoint } from "../../../src/ports/vector-index.ts";
import { recordOf } from "../../../src/testing/records.ts";

afterEach(() => {
  vi.useRealTimers();
});

const HOUR = 3_600_000;

/** One item that expired, and its vectors; `onRemove` happens while these are removed. */
function expiredItem(onRemove: (renew: () => void) => void) {
  vi.useFakeTimers({ toFake: ["Date"] });
  const now = Date.now();
  let record: ItemRecord = recordOf("a", "k", { value: { text: "tea" }, expiresAt: now - HOUR, ttlMs: HOUR });
  let point: StoredPoint | null = { version: record.version, writeId: record.writeId };
  const renew = (): void => {
    record = { ...record, expiresAt: now + HOUR };
  };
  const items = { get: async () => [record], put: async () => [{ status: "fulfilled", value: undefined }] } as unknown as ItemRepository;
  const vectors = {
    stored: async () => [point],
    async remove() {
      onRemove(renew);
      point = null;
      return [{ status: "fulfilled", value: undefined }];
    },
    async upsert([upserted]: readonly StoredPoint[]) {
      point = upserted ?? null;
      return [{ status: "fulfilled", value: "stored" }];
    },
  };
  const embedder = { documents: async (texts: readonly string[]) => texts.map(() => [1, 0]), forgetRejections: () => undefined };
  const indexing = { rules: new IndexRules(["text"], []), embedder, vectors, storedLanguage: () => null, keywords: new Keywords(null) } as unknown as Indexing;
  return { reconciled: () => reconcileItem({ items, generations: onlyGeneration(indexing) }, { namespace: "a", key: "k" }), point: () => point };
}

test("vectors of an expired item are removed", async () => {
  const { reconciled, point } = expiredItem(() => undefined);
  expect((await reconciled()).wroteVectors).toBe(false);
  expect(point()).toBeNull();
});

test("an item that a read renews while its vectors are removed has its vectors afterwards", async () => {
  const { reconciled, point } = expiredItem((renew) => renew());
  const { record, wroteVectors } = await reconciled();
  expect(wroteVectors).toBe(true);
  expect(point()).toMatchObject({ writeId: record?.writeId });
});
