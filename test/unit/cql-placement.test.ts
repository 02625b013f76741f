import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BucketRule, BucketRules } from "../../src/backends/cql/bucket-rules.ts";
import { fnv1a } from "../../src/backends/cql/hash.ts";
import { LayoutLease, type Layouts, layoutsText, parseLayouts, type Stage, writtenBuckets } from "../../src/backends/cql/layouts.ts";
import { withRule } from "../../src/backends/cql/rebucket-rules.ts";
import { timeToLive } from "../../src/backends/cql/time-to-live.ts";
import { ConfigurationError, SchemaError } from "../../src/model/errors.ts";
import type { ItemRecord } from "../../src/model/item.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import type { Settings } from "../../src/ports/settings.ts";

describe("the hash of a key", () => {
  // These numbers determine the partitions of stored rows: a change loses them.
  test.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
    ["😀", 0x33a29608],
  ])("is stable for %j", (text, hash) => {
    expect(fnv1a(text)).toBe(hash);
  });
});

describe("bucket rules", () => {
  const rules = new BucketRules([
    { namespace: ["tenants", "*", "events"], base: 0, buckets: 8 },
    { namespace: ["tenants", "big"], base: 256, buckets: 4 },
    { namespace: ["tenants", "moved"], base: 260, buckets: 1 },
  ]);

  test("use the first match of the leading labels, or a single bucket", () => {
    expect(rules.of("tenants.big.events.today")).toEqual({ base: 0, count: 8 });
    expect(rules.of("tenants.big")).toEqual({ base: 256, count: 4 });
    expect(rules.of("tenants.bigger")).toEqual({ base: 0, count: 1 });
    expect(rules.of("tenants")).toEqual({ base: 0, count: 1 });
    expect(rules.bucketOf("tenants", "any key")).toBe(0);
    expect(rules.bucketOf("tenants.moved", "any key")).toBe(260);
  });

  test("assign one bucket per key and use all buckets from their base", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (key) => {
        const bucket = rules.bucketOf("tenants.big", key);
        expect(bucket).toBe(rules.bucketOf("tenants.big", key));
        expect(Number.isInteger(bucket) && bucket >= 256 && bucket < 260).toBe(true);
      }),
    );
    const used = new Set(Array.from({ length: 100 }, (_, i) => rules.bucketOf("tenants.x.events", `key-${i}`)));
    expect(used.size).toBe(8);
  });

  test.each([0, -1, 1.5, 257, Number.NaN])("reject %d buckets", (buckets) => {
    expect(() => new LayoutLease(settingsWith({}), [{ namespace: [], buckets }], silentLogger, 1_000)).toThrow(ConfigurationError);
  });
});

/** Settings in memory. */
function settingsWith(stored: Record<string, string>): Settings {
  const read = async (name: string) => stored[name] ?? null;
  return {
    read,
    readFromAny: read,
    readFromAll: read,
    establish: async (name, value) => (stored[name] ??= value),
    replace: async () => undefined,
    exchange: async () => false,
  };
}

describe("the layouts of a keyspace", () => {
  const rule = (buckets: number) => [{ namespace: ["x"], buckets }];
  const placed = (base: number, buckets: number) => new BucketRules([{ namespace: ["x"], base, buckets }]);

  async function start(stored: Record<string, string>, configured: readonly BucketRule[]): Promise<Layouts> {
    const lease = new LayoutLease(settingsWith(stored), configured, silentLogger, 1_000);
    try {
      await lease.start();
      return await lease.current();
    } finally {
      lease.stop();
    }
  }

  test("reject rules that differ from those that placed the items, naming both", async () => {
    const stored = { "item-buckets": JSON.stringify(rule(2)) };
    await expect(start(stored, rule(2))).resolves.toMatchObject({ also: null });
    const changed = start(stored, rule(3));
    await expect(changed).rejects.toThrow(SchemaError);
    await expect(changed).rejects.toThrow(/"buckets":2.*"buckets":3.*rebucket start/);
  });

  test("accept the first rules and the current ones after a change, and use the current ones", async () => {
    const layouts = layoutsText({ active: placed(256, 3), change: null, nextBase: 259 });
    const stored = { "item-buckets": JSON.stringify(rule(2)), "item-layouts": layouts };
    for (const buckets of [2, 3]) {
      const { active } = await start(stored, rule(buckets));
      expect(active.of("x")).toEqual({ base: 256, count: 3 });
    }
    await expect(start(stored, rule(4))).rejects.toThrow(SchemaError);
  });

  test("accept the rules of a change in progress", async () => {
    const change = { id: "1", namespace: ["x"], buckets: 3, other: placed(256, 3) };
    const during = (stage: Stage): Record<string, string> => ({
      "item-buckets": JSON.stringify(rule(2)),
      "item-layouts": layoutsText({ active: placed(0, 2), change: { ...change, stage }, nextBase: 259 }),
    });
    await expect(start(during("copy"), rule(3))).resolves.toMatchObject({ change: { stage: "copy" } });
  });

  test("are rejected if a newer version stored them", async () => {
    const stored = { "item-buckets": "[]", "item-layouts": '{"rules":[],"future":true}' };
    await expect(start(stored, [])).rejects.toThrow(/newer version/);
  });

  test("name the buckets of a write, the newer layout first, and never the same bucket for two layouts", () => {
    const change = { id: "1", namespace: ["x"], buckets: 3 };
    const of = (stage: Stage, active: BucketRules, other: BucketRules): Layouts =>
      parseLayouts(layoutsText({ active, change: { ...change, stage, other }, nextBase: 259 }));
    const [older, newer] = [placed(0, 2), placed(256, 3)];
    for (const key of ["a", "b", "c", "d", "e"]) {
      const both = [newer.bucketOf("x", key), older.bucketOf("x", key)];
      expect(writtenBuckets(of("copy", older, newer), "x", key)).toEqual(both);
      expect(writtenBuckets(of("switched", newer, older), "x", key)).toEqual(both);
      expect(writtenBuckets(of("delete", newer, older), "x", key)).toEqual(both.slice(0, 1));
      expect(writtenBuckets(of("copy", older, newer), "other", key)).toEqual([0]);
    }
  });
});

describe("the rules after a change of partitions", () => {
  const placed = (...rules: readonly (readonly [string, number])[]) =>
    new BucketRules(rules.map(([name, buckets], i) => ({ namespace: name === "" ? [] : name.split("."), base: 10 * i, buckets })));
  const changed = (rules: BucketRules, name: string) => withRule(rules, { namespace: name.split("."), base: 500, buckets: 3 });

  test("replace the rule with the same pattern in its place", () => {
    const rules = changed(placed(["a.b", 2], ["a", 4], ["", 5]), "a");
    expect(rules.rules.map(({ namespace, base }) => [namespace.join("."), base])).toEqual([["a.b", 0], ["a", 500], ["", 20]]);
    expect(rules.of("a.b.c")).toEqual({ base: 0, count: 2 });
    expect(rules.of("a.c")).toEqual({ base: 500, count: 3 });
  });

  test("put a new rule before those that are wider, and behind those that are more specific", () => {
    const rules = changed(placed(["a.b.c", 2], ["a.*", 4], ["", 5]), "a.b");
    expect(rules.rules.map(({ namespace }) => namespace.join("."))).toEqual(["a.b.c", "a.b", "a.*", ""]);
    expect(["a.b.c", "a.b", "a.b.x", "a.x", "z"].map((path) => rules.of(path).count)).toEqual([2, 3, 3, 4, 5]);
  });

  test("change no namespace outside the pattern", () => {
    const label = fc.constantFrom("a", "b", "*");
    const pattern = fc.array(label, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 4 }), pattern, fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 }), (others, own, labels) => {
        const before = new BucketRules(others.map((namespace, i) => ({ namespace, base: 10 * i, buckets: 2 })));
        const after = withRule(before, { namespace: own, base: 500, buckets: 3 });
        const isMatch = own.length <= labels.length && own.every((each, i) => each === "*" || each === labels[i]);
        const path = labels.join(".");
        if (!isMatch) expect(after.of(path)).toEqual(before.of(path));
        else expect([before.of(path).base, 500]).toContain(after.of(path).base);
      }),
    );
  });
});

describe("the native TTL in CQL", () => {
  const now = Date.UTC(2026, 0, 1);
  const record: ItemRecord = {
    namespace: "a",
    key: "k",
    created: 1,
    version: 1,
    writeId: "w",
    index: undefined,
    vectorCount: 0,
    expiresAt: null,
    ttlMs: null,
    value: { typed: false, bytes: Buffer.from("{}") },
  };

  test("is absent for an item without expiry", () => {
    expect(timeToLive(record, now)).toBe(0);
  });

  test("is one hour for the marker of a delete", () => {
    expect(timeToLive({ ...record, value: null }, now)).toBe(3600);
  });

  test("is the item's TTL plus one hour, and at least one hour", () => {
    expect(timeToLive({ ...record, expiresAt: now + 60_001 }, now)).toBe(3661);
    expect(timeToLive({ ...record, expiresAt: now - 86_400_000 }, now)).toBe(3600);
  });

  test("is omitted if CQL cannot express it", () => {
    expect(timeToLive({ ...record, expiresAt: Date.UTC(2037, 0, 1) }, now)).toBeGreaterThan(0);
    expect(timeToLive({ ...record, expiresAt: Date.UTC(2038, 0, 20) }, now)).toBe(0);
    expect(timeToLive({ ...record, expiresAt: Date.UTC(2100, 0, 1) }, Date.UTC(2100, 0, 1) - 1000)).toBe(0);
    expect(timeToLive({ ...record, expiresAt: 8.64e15 }, now)).toBe(0);
  });
});
