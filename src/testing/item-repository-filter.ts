/** Cases about listings with a filter. */
import { describe, expect, test } from "vitest";
import { matchesFilter } from "../model/filter-match.ts";
import { parseFilter } from "../model/filter.ts";
import type { ItemRecord } from "../model/item.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { ItemRepository, ListPosition } from "../ports/item-repository.ts";
import { upTo } from "./expectations.ts";
import { listAll, newRoot, plain, putAll, recordOf } from "./records.ts";

/** Values that reveal mistakes in the translation of filters. */
const VALUES: readonly Record<string, unknown>[] = [
  {}, { n: 1 }, { n: 1.0 }, { n: "1" }, { n: "1.0" }, { n: true }, { n: null }, { n: false }, { n: 0 }, { n: -0 }, { n: undefined },
  { n: 2 ** 53 }, { n: 2 ** 53 + 2 }, { n: 1e308 }, { n: 5e-324 }, { n: Number.NaN }, { n: Number.POSITIVE_INFINITY }, { n: 2n ** 60n },
  { n: new Date(1) }, { n: new Map([["a", 1]]) }, { n: new Set([1]) }, { n: new Uint8Array([1]) }, { n: [1, [2, [3]]] }, { n: { m: 1 } },
  { "n.m": 1 }, { n: { m: 2 }, "n.m": 1 }, { n: [{ m: 1 }, { m: 2 }] }, { "n.0.m": 2 }, { "": 1 }, { $n: 1 }, { 'a"b': 1 }, { "a'b": 1 },
  { "a\\b": 1 }, { "é😀": "é😀" }, { "e\u0301": 1 }, { "\0": "\0" }, { "~t": 1 }, { __proto__2: 1 }, { constructor: 1 }, { n: "x".repeat(40_000) },
];

const FILTERS: readonly Record<string, unknown>[] = [
  ...VALUES.flatMap((value) => Object.entries(value).flatMap(([key, field]) => (field === undefined || key.startsWith("$") ? [] : [{ [key]: { $eq: field } }]))),
  { "n.m": 1 }, { "n.m": 2 }, { "n.0": 1 }, { "n.1.m": 2 }, { "n.0.m": 2 }, { n: { $ne: 1 } }, { n: { $in: [1, "1", null] } }, { n: { $nin: [1, null] } },
  { n: { $exists: false } }, { n: { $gt: 0 } }, { n: { $lte: "1" } }, { n: { $gt: 1n } }, { n: { $lte: new Date(5) } }, { $not: { n: 1 } },
  { $or: [{ n: 1 }, { "n.m": 1 }] }, { n: { $in: upTo(2_000) } }, { nothing: 1 },
];

/** Reads all pages of a namespace with a filter, and verifies which records were left out. */
async function listMatching(items: ItemRepository, namespace: string, given: Record<string, unknown>, limit: number, all: readonly ItemRecord[]): Promise<ItemRecord[]> {
  const filter = parseFilter(given);
  const found: ItemRecord[] = [];
  let read = 0;
  for (let after: ListPosition | null = null; ; ) {
    const { records, next, nonMatching = [] } = await items.list({ namespace, order: "oldest", after, limit, filter });
    const before = read;
    for (let i = 0; i <= records.length; i += 1) {
      const others = nonMatching[i] ?? null;
      if (others !== null) {
        expect(others.count).toBeGreaterThan(0);
        read += others.count;
        const last = all[read - 1];
        expect(others.end).toEqual({ created: last?.created, key: last?.key });
      }
      const record = records[i];
      if (record === undefined) continue;
      expect(record.key).toBe(all[read]?.key);
      read += 1;
      found.push(record);
    }
    expect(read - before).toBeLessThanOrEqual(limit);
    if (next === null) break;
    expect(next).toMatchObject({ created: all[read - 1]?.created, key: all[read - 1]?.key });
    after = next;
  }
  expect(read).toBe(all.length);
  return found;
}

/** Registers the cases. */
export function filteredListingCases(repository: () => ItemRepository): void {
  describe("list with a filter", () => {
    test("returns every record that matches, and counts those that it leaves out at their places", async () => {
      const root = newRoot();
      await putAll(repository(), VALUES.map((value, n) => recordOf(root, `${n}`, { value })));
      const all = await listAll(repository(), root);
      expect(all).toHaveLength(VALUES.length);
      for (const given of FILTERS) {
        const filter = parseFilter(given);
        const matching = all.filter(({ value }) => value !== null && matchesFilter(decodeValue(value), filter));
        for (const limit of [7, 500]) {
          const found = await listMatching(repository(), root, given, limit, all);
          const label = `${Object.keys(given).join()} at limit ${limit}`;
          expect(found.filter(({ value }) => value !== null && matchesFilter(decodeValue(value), filter)).map(plain), label).toEqual(matching.map(plain));
        }
      }
    });

    test("sees the current value of an item that was changed, and a record whose expiry was renewed", async () => {
      const root = newRoot();
      const filter = parseFilter({ n: 1 });
      const list = async () => (await repository().list({ namespace: root, order: "oldest", after: null, limit: 10, filter })).records;
      const isOne = ({ value }: ItemRecord): boolean => value !== null && matchesFilter(decodeValue(value), filter);
      const first = recordOf(root, "a", { value: { n: 1 } });
      await putAll(repository(), [first, recordOf(root, "b", { value: { n: 2 } })]);
      expect((await list()).filter(isOne).map(({ key }) => key)).toEqual(["a"]);
      await putAll(repository(), [recordOf(root, "a", { created: first.created, value: { n: 2 } }), recordOf(root, "b", { value: { n: 1 } })]);
      expect((await list()).filter(isOne).map(({ key }) => key)).toEqual(["b"]);
      const expiring = recordOf(root, "c", { value: { n: 1 }, expiresAt: Date.now() + 1_000_000, ttlMs: 1_000_000 });
      await putAll(repository(), [expiring]);
      await list();
      const renewed = { ...expiring, expiresAt: Date.now() + 3_000_000 };
      await putAll(repository(), [renewed]);
      expect((await list()).find(({ key }) => key === "c")?.expiresAt).toBe(renewed.expiresAt);
    });

    test("leaves out no record whose value cannot be decoded", async () => {
      const root = newRoot();
      const damaged = { ...recordOf(root, "damaged"), value: { typed: false, bytes: Buffer.from("not JSON") } };
      const sealed = { ...recordOf(root, "sealed"), value: { typed: false, bytes: Buffer.from("sealed"), isSealed: true } };
      await putAll(repository(), [damaged, sealed]);
      const { records } = await repository().list({ namespace: root, order: "oldest", after: null, limit: 10, filter: parseFilter({ n: 1 }) });
      expect(records.map(({ key }) => key)).toEqual(["damaged", "sealed"]);
    });
  });
}
