import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FIRST_KEY, keyBetween, type KeyPlace, afterWindow, splitWindow } from "../../src/backends/cql/key-windows.ts";
import { BucketRules } from "../../src/backends/cql/bucket-rules.ts";
import { fnv1a } from "../../src/backends/cql/hash.ts";
import { ScanLayout } from "../../src/backends/cql/scan-layout.ts";
import { formatPlace, nextPass, type Partition, parsePlace, SCAN_START, type ScanPlace } from "../../src/backends/cql/scan-place.ts";
import { GREATEST_TOKEN, LOWEST_TOKEN, rangeEnd, shareUpTo } from "../../src/backends/cql/token-ranges.ts";
import { ValidationError } from "../../src/model/errors.ts";
import { upTo } from "../../src/testing/expectations.ts";

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Characters at boundaries: control, printable, surrogates, planes. */
const EDGES = ["\0", " ", "a", "b", "~", "\u007f", "é", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10ffff}"];

const aKey = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.string({ unit: fc.constantFrom(...EDGES), maxLength: 5 }),
);

describe("the token ring", () => {
  test("is split into ranges that contain each token once", () => {
    for (const count of [1, 16, 64]) {
      let after = LOWEST_TOKEN;
      for (let range = 0; range < count; range += 1) {
        const last = rangeEnd(after, count);
        for (const inside of [after + 1n, last - 1n]) expect(rangeEnd(inside, count)).toBe(last);
        after = last;
      }
      expect(after).toBe(GREATEST_TOKEN);
    }
  });

  test("reports progress as the share before a token", () => {
    expect([LOWEST_TOKEN, -(2n ** 62n), 0n, GREATEST_TOKEN].map(shareUpTo)).toEqual([0, 0.25, 0.5, 1]);
    expect(shareUpTo(GREATEST_TOKEN - 1n)).toBeLessThan(1);
  });
});

describe("a key between two keys", () => {
  test("is between them by bytes, and is missing only if none exists", () => {
    fc.assert(
      fc.property(aKey, fc.option(aKey), (after, end) => {
        fc.pre(after.isWellFormed() && (end === null || (end.isWellFormed() && bytewise(after, end) < 0)));
        const middle = keyBetween(after, end);
        if (middle === null) {
          expect(end).toBe(`${after}\0`);
          return;
        }
        expect(middle.isWellFormed()).toBe(true);
        expect(bytewise(after, middle)).toBeLessThan(0);
        if (end !== null) expect(bytewise(middle, end)).toBeLessThan(0);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("a partition that is read in windows of keys", () => {
  /** Reads all live keys from a server that aborts a read beyond a number of tombstones. */
  function readAll(keys: ReadonlyMap<string, boolean>, threshold: number): { found: string[]; failures: number } {
    const sorted = [...keys.keys()].sort(bytewise);
    const found: string[] = [];
    let failures = 0;
    for (let place: KeyPlace | null = FIRST_KEY; place !== null; ) {
      const { after, ends }: KeyPlace = place;
      const end = ends.at(-1);
      const inside = sorted.filter(
        (key) => (after === null || bytewise(key, after) > 0) && (end === undefined || bytewise(key, end) <= 0),
      );
      if (inside.filter((key) => keys.get(key) === false).length > threshold) {
        failures += 1;
        place = splitWindow(place);
        expect(place, "there is a narrower window").not.toBeNull();
      } else {
        found.push(...inside.filter((key) => keys.get(key)));
        place = afterWindow(place);
      }
    }
    return { found, failures };
  }

  test("returns every key once, for any keys", () => {
    fc.assert(
      fc.property(fc.dictionary(aKey.filter((key) => key.isWellFormed()), fc.boolean(), { maxKeys: 40 }), (keys) => {
        const map = new Map(Object.entries(keys));
        const live = [...map].filter(([, isLive]) => isLive).map(([key]) => key);
        // Windows cannot separate two adjacent keys that include the first of all keys.
        expect(readAll(map, 2).found).toEqual(live.sort(bytewise));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["numbers", (i: number) => String(i)],
    ["names with one beginning", (i: number) => `conversation-${String(i).padStart(6, "0")}`],
    ["hexadecimal ones", (i: number) => Math.imul(i + 1, 0x9e3779b1).toString(16)],
  ])("performance pin: aborts only a few reads, for %s", (_, keyOf) => {
    const keys = new Map(upTo(1_200).map((i) => [keyOf(i), false]));
    expect(readAll(keys, 1_000).failures).toBeLessThan(50);
  });
});

describe("the position of a scan", () => {
  const places: ScanPlace[] = [
    SCAN_START,
    { ...SCAN_START, after: 5n, window: { end: GREATEST_TOKEN, page: "00ff", last: null } },
    { ...SCAN_START, window: { end: 0n, page: "0a", last: { namespace: "a.b", bucket: 3, key: '"\0😀' } } },
    {
      after: -1n,
      window: null,
      failed: [{ until: 2n ** 60n, slice: 2n ** 58n }],
      partition: { namespace: "", bucket: 0, keys: { after: null, ends: ["z", "é"] } },
      rules: [{ namespace: ["a", "*"], base: 256, buckets: 3 }],
      passes: [{ rules: [], after: 7n, partial: { namespace: "a.b", bucket: 0, key: "k" } }],
    },
  ];

  test.each(places.map((place, i) => [i, place] as const))("is kept as text, %d", (_, place) => {
    expect(parsePlace(formatPlace(place))).toEqual(place);
  });

  test.each(["", "5", "null", "{}", "0:", '{"after":"x"}', formatPlace(SCAN_START).replace("-", "-9")])(
    "is rejected if it is invalid: %j",
    (text) => {
      expect(() => parsePlace(text)).toThrow(ValidationError);
    },
  );
});

describe("a scan while the partitions change", () => {
  /** A ring of records: 40 namespaces with 15 items. */
  const items = upTo(600).map((i) => ({ namespace: `n.${i % 40}`, key: `key-${i}` }));
  const tokenOf = ({ namespace, bucket }: Partition): bigint => BigInt.asIntN(64, BigInt(fnv1a(`${namespace}/${bucket}`)) * 0x9e3779b97f4a7c15n);
  const layouts = [1, 4, 2, 7, 3].map((buckets, i) => new BucketRules([{ namespace: ["n"], base: 300 * i, buckets }]));

  /** The rows of layouts in the order of the ring, and within a partition by key. */
  function ring(stored: readonly BucketRules[]) {
    const rows = stored.flatMap((rules) => items.map((item) => ({ ...item, bucket: rules.bucketOf(item.namespace, item.key) })));
    return rows
      .map((row) => ({ ...row, token: tokenOf(row) }))
      .sort((a, b) => (a.token < b.token ? -1 : a.token > b.token ? 1 : bytewise(a.key, b.key)));
  }

  test("returns each record once, whenever a layout replaces another", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 4 }), fc.boolean(), (switches, inKeys) => {
        const found: string[] = [];
        let place = SCAN_START;
        for (const [i, rules] of layouts.slice(0, switches.length + 1).entries()) {
          place = nextPass(place, rules.rules);
          const layout = new ScanLayout(place, tokenOf);
          // The layouts before and after exist during the pass; then this one is deleted.
          const rows = ring(layouts.slice(i, i + 2));
          const read = rows.slice(0, switches[i] ?? rows.length);
          found.push(...read.filter(({ namespace, bucket, key }) => layout.returns(namespace, bucket, key)).map(({ namespace, key }) => `${namespace}/${key}`));
          const last = read.at(-1);
          if (last === undefined) continue;
          const { namespace, bucket, key } = last;
          place = inKeys
            ? { ...place, after: last.token, partition: { namespace, bucket, keys: { after: key, ends: [] } } }
            : { ...place, window: { end: GREATEST_TOKEN, page: "00", last: { namespace, bucket, key } } };
        }
        expect(found.sort()).toEqual(items.map(({ namespace, key }) => `${namespace}/${key}`).sort());
      }),
      { numRuns: 100 },
    );
  });
});
