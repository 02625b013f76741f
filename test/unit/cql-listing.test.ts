/** How many records a page of a listing reads, on entries in memory. */
import { expect, test } from "vitest";
import { listPage, type ListingParts } from "../../src/backends/cql/listing.ts";
import { WindowPlans } from "../../src/backends/cql/window-plan.ts";
import type { ItemId, ItemRecord } from "../../src/model/item.ts";

const NOW = 1_700_000_000_000;

interface Reads {
  /** Ids of each read. */
  readonly groups: (readonly ItemId[])[];
  readonly parts: ListingParts;
}

/** A namespace with this number of entries, of which those with a stale one have no record. */
function namespaceOf(count: number, isStale: (i: number) => boolean = () => false): Reads {
  const groups: (readonly ItemId[])[] = [];
  const entries = Array.from({ length: count }, (_, i) => ({ created: i + 1, key: `item-${i}`, expires_at: null }));
  const rows = (_query: string, [, , after, , , , limit]: readonly unknown[]): Promise<readonly unknown[]> => {
    const first = Number((after as Buffer).readBigInt64BE());
    return Promise.resolve(entries.filter(({ created }) => created > first).slice(0, limit as number));
  };
  const get = (ids: readonly ItemId[]): Promise<(ItemRecord | null)[]> => {
    groups.push(ids);
    return Promise.resolve(ids.map((id) => recordOf(id, isStale)));
  };
  const parts = { session: { rows }, statements: { entries: { oldest: "", newest: "" } }, buckets: { base: 0, count: 1 }, plans: new WindowPlans(), get, now: () => NOW, largestBytes: 1 };
  return { groups, parts: { ...parts, deadline: undefined } as unknown as ListingParts };
}

function recordOf({ namespace, key }: ItemId, isStale: (i: number) => boolean): ItemRecord | null {
  const i = Number(key.slice("item-".length));
  if (isStale(i)) return null;
  const value = { typed: false, bytes: Buffer.from("{}") };
  return { namespace, key, created: i + 1, version: i + 1, writeId: "w", index: undefined, vectorCount: 0, expiresAt: null, ttlMs: null, value };
}

test("a page of live items reads as many records as it returns, in two reads", async () => {
  const { groups, parts } = namespaceOf(2_000);
  const page = await listPage({ namespace: "a", order: "oldest", after: null, limit: 500 }, parts);
  expect(page.records).toHaveLength(500);
  expect(groups.map((ids) => ids.length)).toEqual([64, 436]);
});

test("a page with stale entries reads on until it is full", async () => {
  const { groups, parts } = namespaceOf(2_000, (i) => i < 40);
  const page = await listPage({ namespace: "a", order: "oldest", after: null, limit: 100 }, parts);
  expect(page.records.map(({ key }) => key)).toEqual(Array.from({ length: 100 }, (_, i) => `item-${i + 40}`));
  expect(groups.length).toBeLessThanOrEqual(4);
});

test("a page of a namespace whose records are known to be large begins with as many as fit into it", async () => {
  const { groups, parts } = namespaceOf(2_000);
  await listPage({ namespace: "a", order: "oldest", after: null, limit: 10 }, { ...parts, largestBytes: 4 * 1024 * 1024 });
  expect(groups[0]).toHaveLength(2);
});
