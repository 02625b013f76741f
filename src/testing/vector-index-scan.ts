/** Cases about scans of all points, expired points, and renewals. */
import { describe, expect, test } from "vitest";
import { idText, newWriteId, type ItemId } from "../model/item.ts";
import { isWithin, join } from "../model/namespace.ts";
import type { IndexedPoint, VectorPoint, VectorRenewal } from "../ports/vector-index.ts";
import { present, upTo } from "./expectations.ts";
import { nextVersion } from "./records.ts";
import { scanAll } from "./scans.ts";
import type { Bench, BenchContext } from "./vector-bench.ts";

/** More than all points of a suite. */
const ALL = 10_000;

const byId = <T extends ItemId>(points: readonly T[]): T[] =>
  [...points].sort((a, b) => (idText(a) < idText(b) ? -1 : 1));

const keysOf = (points: readonly ItemId[]): string[] => points.map(({ key }) => key).sort();

/** A point without its vectors. */
function indexed({ namespace, key, version, writeId }: VectorPoint): IndexedPoint {
  return { namespace, key, version, writeId };
}

/** Registers the cases of `scan`, `expired` and `renew`. */
export function pointScanCases(context: BenchContext): void {
  scanCases(context);
  expiredCases(context);
  renewCases(context);
}

function scanCases(context: BenchContext): void {
  async function scanBelow(bench: Bench, root: string, limit: number, meanwhile?: () => Promise<unknown>): Promise<IndexedPoint[]> {
    const parts = await scanAll((after) => bench.vectors.scan(after, limit), meanwhile);
    return parts.flatMap(({ found }) => found).filter(({ namespace }) => isWithin(root, namespace));
  }

  describe("scan", () => {
    test("meets the point of each item once, and says which write it is of", async () => {
      const { bench, root } = context();
      const paths = ["a", "a.b", "A", "\0", "😀", "x".repeat(3_000)].map((path) => join(root, path));
      const points = paths.flatMap((path) =>
        ["", "a\0b", "é"].map((key) => bench.point(path, key, upTo(3).map((n) => bench.vector(1, n)))),
      );
      await bench.write(points);
      const newer = points.slice(0, 4).map(({ namespace, key }) => bench.point(namespace, key, [bench.vector(1)]));
      await bench.write(newer);
      const expected = byId([...newer, ...points.slice(4)].map(indexed));
      for (const limit of [1, 7, 1_000]) expect(byId(await scanBelow(bench, root, limit))).toEqual(expected);
    });

    test("reads part by part, and says about how much of all it has read", async () => {
      const { bench, root } = context();
      await bench.write(upTo(300).map((n) => bench.point(root, `${n}`, [bench.vector(1, n)])));
      const parts = await scanAll((after) => bench.vectors.scan(after, 40));
      expect(parts.length).toBeGreaterThan(2);
      const shares = parts.map(({ done }) => done);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(present(shares[0])).toBeLessThan(0.9);
      expect(present(shares[Math.floor(shares.length / 2)])).toBeGreaterThan(0.2);
      expect(present(shares.at(-1))).toBeCloseTo(1, 1);
    });

    test("meets each point that is there all the while, once, as others come, change and go", async () => {
      const { bench, root } = context();
      const [still, changing] = [join(root, "still"), join(root, "changing")];
      const points = upTo(120).flatMap((n) => [still, changing].map((path) => bench.point(path, `${n}`, [bench.vector(1, n)])));
      await bench.write(points);
      let turn = 0;
      const found = await scanBelow(bench, root, 20, async () => {
        turn += 1;
        if (turn > 10) return;
        const [upper, middle, lower] = [turn, 40 + turn, 80 + turn];
        await bench.write([
          bench.point(join(root, "new"), `${turn}`, [bench.vector(1)]),
          ...[upper, middle, lower].map((n) => bench.point(changing, `${n}`, [bench.vector(0, 1)])),
        ]);
        await bench.vectors.remove([{ namespace: changing, key: `${20 + turn}`, version: nextVersion(), writeId: newWriteId() }]);
      });
      const unchanged = found.filter(({ namespace }) => namespace === still);
      expect(byId(unchanged)).toEqual(byId(points.filter(({ namespace }) => namespace === still).map(indexed)));
      const ids = new Set(found.map(idText));
      const kept = upTo(120).filter((n) => n <= 20 || n > 30);
      expect(kept.filter((n) => !ids.has(idText({ namespace: changing, key: `${n}` })))).toEqual([]);
    });

    test("meets no point that was removed", async () => {
      const { bench, root } = context();
      const points = upTo(6).map((n) => bench.point(root, `${n}`, [bench.vector(1)]));
      await bench.write(points);
      await bench.vectors.remove(points.slice(0, 3));
      expect(keysOf(await scanBelow(bench, root, 2))).toEqual(["3", "4", "5"]);
    });
  });
}

/** Keys of expired points below a namespace. */
async function expiredBelow(bench: Bench, root: string, now: number): Promise<string[]> {
  const { found } = await bench.vectors.expired(now, null, ALL);
  return keysOf(found.filter(({ namespace }) => isWithin(root, namespace)));
}

function expiredCases(context: BenchContext): void {
  describe("expired", () => {
    test("finds exactly the points whose items had ended, and says which writes they are of", async () => {
      const { bench, root } = context();
      const now = Date.now();
      const ends = { long: now - 86_400_000, just: now - 1, now, soon: now + 1, later: now + 86_400_000, never: null };
      const points = Object.entries(ends).map(([key, expiresAt], n) => ({
        ...bench.point(join(root, `n${n % 2}`), key, [bench.vector(1), bench.vector(0, 1)]),
        expiresAt,
      }));
      await bench.write(points);
      const { found } = await bench.vectors.expired(now, null, ALL);
      const mine = found.filter(({ namespace }) => isWithin(root, namespace));
      expect(byId(mine)).toEqual(byId(points.slice(0, 3).map(indexed)));
      expect(await expiredBelow(bench, root, now - 2)).toEqual(["long"]);
      expect(await expiredBelow(bench, root, now + 1)).toEqual(["just", "long", "now", "soon"]);
    });

    test("finds no more than its limit, and more once those were removed", async () => {
      const { bench, root } = context();
      const expiresAt = Date.now() - 1_000;
      await bench.write(upTo(30).map((n) => ({ ...bench.point(root, `${n}`, [bench.vector(1)]), expiresAt })));
      const part = (limit: number): ReturnType<typeof bench.vectors.expired> => bench.vectors.expired(Date.now(), null, limit);
      expect((await part(0)).found).toEqual([]);
      for (let { found } = await part(7); found.length > 0; { found } = await part(7)) {
        expect(found.length).toBeLessThanOrEqual(7);
        const outcomes = await bench.vectors.remove(found);
        expect(outcomes.every(({ status }) => status === "fulfilled")).toBe(true);
      }
      expect(await bench.query(root, bench.vector(1))).toEqual([]);
    });

    test("continues behind points that stay: part by part it meets each once, also where some are removed in between", async () => {
      const { bench, root } = context();
      const now = Date.now();
      const points = upTo(30).map((n) => ({ ...bench.point(root, `${n}`, [bench.vector(1)]), expiresAt: now - 1_000 - (n % 4) }));
      await bench.write(points);
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const { found, next }: Awaited<ReturnType<typeof bench.vectors.expired>> = await bench.vectors.expired(now, after, 7);
        expect(found.length).toBeLessThanOrEqual(7);
        const mine = found.filter(({ namespace }) => isWithin(root, namespace));
        seen.push(...keysOf(mine));
        await bench.vectors.remove(mine.slice(0, 3));
        after = next;
      } while (after !== null);
      expect(seen.sort()).toEqual(keysOf(points));
    });

    test("goes by the newest write of an item", async () => {
      const { bench, root } = context();
      const expiresAt = Date.now() - 1_000;
      await bench.write(["ends", "stays"].map((key) => ({ ...bench.point(root, key, [bench.vector(1)]), expiresAt })));
      await bench.write([bench.point(root, "stays", [bench.vector(1)])]);
      expect(await expiredBelow(bench, root, Date.now())).toEqual(["ends"]);
    });
  });
}

function renewCases(context: BenchContext): void {
  /** Changes the expiry of points, and of their records if the index reads them. */
  async function renew(bench: Bench, points: readonly VectorPoint[], expiresAt: number): Promise<void> {
    await bench.record(points.map((point) => ({ ...point, expiresAt })));
    await bench.vectors.renew(points.map((point): VectorRenewal => ({ ...indexed(point), expiresAt })));
  }

  describe("renew", () => {
    test("of nothing does nothing", async () => {
      await context().bench.vectors.renew([]);
    });

    test("moves the ends of the points given, and of no other", async () => {
      const { bench, root } = context();
      const now = Date.now();
      const points = upTo(40).map((n) => ({
        ...bench.point(root, `${n}`, [bench.vector(1), bench.vector(0, n)]),
        expiresAt: now + 1_000 + n,
      }));
      await bench.write(points);
      const [soon, late, other] = [points.slice(0, 10), points.slice(10, 35), points.slice(35)];
      await renew(bench, soon, now + 5_000);
      await renew(bench, late, now + 9_000);
      expect(await expiredBelow(bench, root, now + 4_999)).toEqual(keysOf(other));
      expect(await expiredBelow(bench, root, now + 5_000)).toEqual(keysOf([...soon, ...other]));
      expect(await expiredBelow(bench, root, now + 9_000)).toEqual(keysOf(points));
      const stored = await bench.vectors.stored(points);
      expect(stored).toEqual(points.map(({ version, writeId }) => ({ version, writeId })));
      expect(await bench.query(root, bench.vector(1))).toHaveLength(40);
    });

    test("leaves points of another version, older or newer, and makes none", async () => {
      const { bench, root } = context();
      const now = Date.now();
      const points = ["older", "newer", "equal"].map((key) => ({ ...bench.point(root, key, [bench.vector(1)]), expiresAt: now + 1_000 }));
      await bench.write(points);
      const [older, newer, equal] = points.map(({ version }) => version);
      await bench.record(points.slice(2).map((point) => ({ ...point, expiresAt: now + 5_000 })));
      const renewal = (key: string, version: number): VectorRenewal => ({ namespace: root, key, version, expiresAt: now + 5_000 });
      await bench.vectors.renew([
        renewal("older", present(older) - 1),
        renewal("newer", present(newer) + 1),
        renewal("never there", present(newer)),
        renewal("equal", present(equal)),
      ]);
      expect(await expiredBelow(bench, root, now + 1_000)).toEqual(["newer", "older"]);
      expect(await bench.vectors.stored([{ namespace: root, key: "never there" }])).toEqual([null]);
    });

    test("of an item that does not end any more leaves a point that does not", async () => {
      const { bench, root } = context();
      const now = Date.now();
      const point = bench.point(root, "key", [bench.vector(1)]);
      await bench.record([point]);
      // The point says what the record does not.
      await bench.upsert([{ ...point, expiresAt: now - 1_000 }]);
      await bench.vectors.renew([{ ...indexed(point), expiresAt: null }]);
      expect(await expiredBelow(bench, root, now + 86_400_000)).toEqual([]);
      expect(await bench.query(root, bench.vector(1))).toHaveLength(1);
    });
  });
}
