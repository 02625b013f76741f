/** Cases about scans of all records and about their listing entries. */
import { describe, expect, test } from "vitest";
import { idText, type ItemId, type ItemRecord } from "../model/item.ts";
import { isWithin, join } from "../model/namespace.ts";
import type { ItemRepository, RecordScan } from "../ports/item-repository.ts";
import { present, upTo } from "./expectations.ts";
import { plain, putAll, recordOf } from "./records.ts";
import { scanAll } from "./scans.ts";
import type { RepositoryContext } from "./tested-repository.ts";

/** Reads all parts, and gives what lies at or below a namespace. */
async function scanBelow(
  items: ItemRepository,
  root: string,
  limit: number,
  meanwhile?: () => Promise<unknown>,
): Promise<ItemRecord[]> {
  const parts = await scanAll((after) => items.scan(after, limit), meanwhile);
  return parts.flatMap(({ found }) => found).filter(({ namespace }) => isWithin(root, namespace));
}

const byId = <T extends ItemId>(records: readonly T[]): T[] =>
  [...records].sort((a, b) => (idText(a) < idText(b) ? -1 : 1));

/** Registers the cases of `scan` and `listed`. */
export function scanCases(context: RepositoryContext): void {
  describe("scan", () => {
    test("meets live records, expired ones and markers of deletes, whole, of every namespace", async () => {
      const { items, root } = context();
      const paths = [root, "a", "a.b", "a.b.c", "A", "\0", "😀", "x".repeat(3_000)].map((path, i) => (i === 0 ? path : join(root, path)));
      const records = paths.flatMap((path) => [
        recordOf(path, "live", { value: { text: "é😀", at: new Date(0) }, index: ["text"], vectorCount: 2 }),
        recordOf(path, "", { value: {}, vectorCount: 0, index: false }),
        recordOf(path, "expired", { expiresAt: Date.now() - 1_000 }),
        recordOf(path, "deleted", { value: null }),
      ]);
      await putAll(items, records);
      for (const limit of [9, 1_000]) {
        const found = await scanBelow(items, root, limit);
        expect(byId(found).map(plain)).toEqual(byId(records).map(plain));
      }
    });

    test("pages of large records are smaller than the limit: their bytes are bounded", async () => {
      const { items, root } = context();
      const large = { text: "x".repeat(1024 * 1024) };
      await putAll(items, upTo(80).map((n) => recordOf(join(root, "large"), `${n}`, { value: large })));
      const parts = await scanAll((after) => items.scan(after, 1_000));
      expect(parts.flatMap(({ found }) => found).filter(({ namespace }) => isWithin(root, namespace))).toHaveLength(80);
      const bytes = parts.map(({ found }) => found.reduce((sum, { value }) => sum + (value?.bytes.byteLength ?? 0), 0));
      expect(Math.max(...bytes)).toBeLessThan(50 * 1024 * 1024);
    });

    test("meets the record that stands, not those that it replaced", async () => {
      const { items, root } = context();
      await putAll(items, upTo(3).map((n) => recordOf(root, `${n}`)));
      const newer = upTo(3).map((n) => recordOf(root, `${n}`, { value: n === 0 ? null : { newer: true } }));
      await putAll(items, newer);
      expect(byId(await scanBelow(items, root, 100)).map(plain)).toEqual(newer.map(plain));
    });

    test("reads part by part, and says about how much of all it has read", async () => {
      const { items, root } = context();
      await putAll(items, upTo(400).map((n) => recordOf(join(root, `n${n % 40}`), `${n}`)));
      const parts = await scanAll((after) => items.scan(after, 50));
      expect(parts.length).toBeGreaterThan(2);
      const shares = parts.map(({ done }) => done);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(present(shares[0])).toBeLessThan(0.9);
      expect(present(shares[Math.floor(shares.length / 2)])).toBeGreaterThan(0.2);
      expect(present(shares.at(-1))).toBeCloseTo(1, 1);
      expect(parts.every(({ unreadable }) => unreadable === 0)).toBe(true);
    });

    test("goes on from a place that was kept as text", async () => {
      const { items, root } = context();
      const records = upTo(60).map((n) => recordOf(root, `${n}`));
      await putAll(items, records);
      const read = async (after: string | null): Promise<RecordScan> => {
        const part = await items.scan(after, 20);
        const again = await items.scan(after === null ? null : (JSON.parse(JSON.stringify(after)) as string), 20);
        expect(byId(again.found).map(plain)).toEqual(byId(part.found).map(plain));
        return again;
      };
      const found = (await scanAll(read)).flatMap((part) => part.found).filter(({ namespace }) => namespace === root);
      expect(byId(found).map(plain)).toEqual(byId(records).map(plain));
    });

    test("misses nothing that is there all the while, as other records come, change and go", async () => {
      const { items, root } = context();
      const [still, changing] = [join(root, "still"), join(root, "changing")];
      const records = upTo(150).flatMap((n) => [
        recordOf(join(still, `${n % 10}`), `${n}`),
        recordOf(join(changing, `${n % 10}`), `${n}`),
      ]);
      await putAll(items, records);
      let turn = 0;
      const found = await scanBelow(items, root, 20, async () => {
        turn += 1;
        if (turn > 20) return;
        await putAll(items, upTo(5).map((n) => recordOf(join(root, `new.${n}`), `${turn}`)));
        const at = (n: number): ItemRecord => present(records[((turn * 10 + n) % 150) * 2 + 1]);
        await putAll(items, upTo(8).map((n) => recordOf(at(n).namespace, at(n).key, { value: n % 2 === 0 ? null : { turn } })));
      });
      const ids = new Set(found.map(idText));
      expect(records.filter((record) => !ids.has(idText(record)))).toEqual([]);
      const unchanged = found.filter(({ namespace }) => isWithin(still, namespace));
      expect(byId(unchanged).map(plain)).toEqual(byId(records.filter((_, i) => i % 2 === 0)).map(plain));
    });
  });

  describe("listed", () => {
    test("of nothing is nothing", async () => {
      expect(await context().items.listed([])).toEqual([]);
    });

    test("returns, at the position of each record, whether it has a listing entry", async () => {
      const { items, root } = context();
      const stored = upTo(130).map((n) => recordOf(join(root, `n${n % 3}`), `${n}`, n % 5 === 0 ? { vectorCount: 0 } : {}));
      await putAll(items, stored);
      const [first, second] = [present(stored[0]), present(stored[1])];
      const never = [
        recordOf(first.namespace, "never"),
        recordOf(join(root, "never"), "0"),
        recordOf(second.namespace, first.key),
        { ...first, created: first.created - 1 },
      ];
      expect(await items.listed([never[0], first, never[1], never[2], second, never[3], first].map((each) => present(each)))).toEqual(
        [false, true, false, false, true, false, true],
      );
      expect(await items.listed(stored)).toEqual(stored.map(() => true));
    });

    test("a record that was put again after a delete is listed where it is now", async () => {
      const { items, root } = context();
      await putAll(items, [recordOf(root, "key")]);
      await putAll(items, [recordOf(root, "key", { value: null })]);
      const again = recordOf(root, "key");
      await putAll(items, [again]);
      expect(await items.listed([again])).toEqual([true]);
    });

    test("an update leaves a record listed, and so does an end that has come", async () => {
      const { items, root } = context();
      const record = recordOf(root, "key");
      await putAll(items, [record]);
      const update = recordOf(root, "key", { created: record.created, expiresAt: Date.now() - 1_000 });
      await putAll(items, [update]);
      expect(await items.listed([update])).toEqual([true]);
    });
  });
}
