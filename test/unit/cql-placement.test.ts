import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BucketRules } from "../../src/backends/cql/bucket-rules.ts";
import { fnv1a } from "../../src/backends/cql/hash.ts";
import { timeToLive } from "../../src/backends/cql/time-to-live.ts";
import { ConfigurationError, SchemaError } from "../../src/model/errors.ts";
import type { ItemRecord } from "../../src/model/item.ts";
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
    { namespace: ["tenants", "*", "events"], buckets: 8 },
    { namespace: ["tenants", "big"], buckets: 4 },
  ]);

  test("use the first match of the leading labels, or a single bucket", () => {
    expect(rules.count("tenants.big.events.today")).toBe(8);
    expect(rules.count("tenants.big")).toBe(4);
    expect(rules.count("tenants.bigger")).toBe(1);
    expect(rules.count("tenants")).toBe(1);
    expect(rules.bucketOf("tenants", "any key")).toBe(0);
  });

  test("assign one bucket per key and use all buckets", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (key) => {
        const bucket = rules.bucketOf("tenants.big", key);
        expect(bucket).toBe(rules.bucketOf("tenants.big", key));
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < 4).toBe(true);
      }),
    );
    const used = new Set(Array.from({ length: 100 }, (_, i) => rules.bucketOf("tenants.x.events", `key-${i}`)));
    expect(used.size).toBe(8);
  });

  test.each([0, -1, 1.5, 257, Number.NaN])("reject %d buckets", (buckets) => {
    expect(() => new BucketRules([{ namespace: [], buckets }])).toThrow(ConfigurationError);
  });

  test("are rejected if they differ from those that placed the items, naming both", async () => {
    const stored = '[{"namespace":["x"],"buckets":2}]';
    const settings: Settings = { read: async () => stored, establish: async () => stored, replace: async () => undefined, exchange: async () => false };
    await expect(new BucketRules([{ namespace: ["x"], buckets: 2 }]).establish(settings)).resolves.toBeUndefined();
    const changed = new BucketRules([{ namespace: ["x"], buckets: 3 }]).establish(settings);
    await expect(changed).rejects.toThrow(SchemaError);
    await expect(changed).rejects.toThrow(/"buckets":2.*"buckets":3/);
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
    vectors: 0,
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
