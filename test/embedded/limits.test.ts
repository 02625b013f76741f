/** Bounds and rates of operations. */
import { ScyllaDBStore, type BatchError, type EmbeddedStoreConfig, type StoreView } from "langgraph-store-scylladb";
import { afterEach, describe, expect, test } from "vitest";
import { rejectionOf } from "../../src/testing/expectations.ts";
import { PATIENT } from "../support/patient.ts";

const stores: ScyllaDBStore[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.stop()));
});

async function open(config: Omit<EmbeddedStoreConfig, "path">): Promise<ScyllaDBStore> {
  const store = await ScyllaDBStore.embedded({ ...config, limits: { ...PATIENT, ...config.limits }, path: ":memory:" });
  stores.push(store);
  return store;
}

describe("a bound", () => {
  type Call = (store: StoreView) => Promise<unknown>;
  type Limits = NonNullable<EmbeddedStoreConfig["limits"]>;
  const nested = { $and: [{ $or: [{ $not: { a: 1 } }] }] };

  /** The option with its value, a call within the bound, a call beyond it, and the error. */
  const bounds: [Limits, Call, Call, string][] = [
    [{ maxLabelBytes: 4 }, (s) => s.get(["fö"], "k"), (s) => s.get(["ok", "fööö"], "k"), "position 1: it is 7 bytes long; at most 4"],
    [{ maxNamespaceLabels: 2 }, (s) => s.get(["a", "b"], "k"), (s) => s.search(["a", "b", "c"]), "3 labels; at most 2"],
    [
      { maxNamespaceLabels: 2 },
      (s) => s.scoped(["a"]).get(["b"], "k"),
      (s) => s.scoped(["a"]).put(["b", "c"], "k", {}),
      "3 labels, including the root of its view; at most 2",
    ],
    [{ maxKeyBytes: 3 }, (s) => s.put(["a"], "key", {}), (s) => s.put(["a"], "keys", {}), "key is 4 bytes long; at most 3"],
    [{ maxValueBytes: 8 }, (s) => s.put(["a"], "k", { n: 12 }), (s) => s.put(["a"], "k", { n: 1234 }), "value is 10 bytes long"],
    [{ maxFilterDepth: 4 }, (s) => s.search([], { filter: nested }), (s) => s.search([], { filter: { $not: nested } }), "deeper than 4"],
    [
      { maxFilterConditions: 2 },
      (s) => s.search([], { filter: { a: 1, b: { $gt: 1, $lt: 2 } } }),
      (s) => s.search([], { filter: { a: 1, $or: [{ b: 1 }, {}] } }),
      "more than 2 conditions",
    ],
    [
      { maxFilterValues: 2 },
      (s) => s.search([], { filter: { a: { $in: [1, 2] } } }),
      (s) => s.search([], { filter: { a: { $nin: [1, 2, 3] } } }),
      "filter.a.$nin is a list of 3; at most 2",
    ],
    [
      { maxIndexPaths: 3 },
      (s) => s.put(["a"], "k", {}, ["a", "{b,c}", "a", "a"]),
      (s) => s.put(["a"], "k", {}, ["a", "{b,c}", "d"]),
      "index has more than 3 paths",
    ],
    [
      { maxIndexPaths: 3 },
      (s) => s.with({ index: ["{b,c}"] }).put(["a"], "k", {}),
      async (s) => s.with({ index: ["{b,c,d,e}"] }).put(["a"], "k", {}),
      "index has more than 3 paths",
    ],
    [
      { maxFilterBytes: 20 },
      (s) => s.search([], { filter: { name: { $in: ["abc", "def"] } } }),
      (s) => s.search([], { filter: { name: { $in: ["abc", "def", "ghijklmnop"] } } }),
      "filter.name.$in[2] is not a valid operand",
    ],
    [
      { maxFilterBytes: 20 },
      (s) => s.search([], { filter: { $or: [{ "a.b": 1 }, {}] } }),
      (s) => s.search([], { filter: { $or: [{ "a.b": 1 }, { "a.long.name": {} }] } }),
      "filter is longer than 20 characters",
    ],
    [{ maxLimit: 5 }, (s) => s.search([], { limit: 5 }), (s) => s.search([], { limit: 6 }), "limit is 6; at most 5"],
    [{ maxLimit: 100 }, (s) => s.listNamespaces(), (s) => s.listNamespaces({ limit: 101 }), "limit is 101; at most 100"],
    [{ maxOffset: 5 }, (s) => s.search([], { offset: 5 }), (s) => s.search([], { offset: 6 }), "offset is 6; at most 5"],
    [{ maxQueryBytes: 4 }, (s) => s.search([], { query: "té" }), (s) => s.search([], { query: "téa?" }), "query is 5 bytes long; at most 4"],
    [
      { maxBatchOperations: 2 },
      (s) => s.batch([{ namespace: ["a"], key: "1" }, { namespace: ["a"], key: "2" }]),
      (s) => s.batch(["1", "2", "3"].map((key) => ({ namespace: ["a"], key, value: {} }))),
      "batch of 3 operations is too big; at most 2",
    ],
  ];

  test.each(bounds)("%o is enforced, and its error names the value, what is allowed and the option", async (limits, within, beyond, text) => {
    const store = await open({ limits });
    await within(store);
    const error = await rejectionOf(beyond(store));
    expect(error.message).toContain(text);
    expect(error.message).toContain(`limits.${Object.keys(limits)[0]}`);
    expect(["ValidationError", "InvalidNamespaceError"]).toContain(error.name);
    expect(await store.search([], { filter: { n: 1234 }, limit: 5 })).toEqual([]);
  });

  test("on read bytes fails the gets and searches beyond it; each value alone is readable", async () => {
    const store = await open({ limits: { maxReadBytes: 1_000 } });
    const text = "x".repeat(300);
    for (const key of ["1", "2", "3", "4"]) await store.put(["a"], key, { text });
    const gets = ["1", "2", "1", "3", "4", "none"].map((key) => ({ namespace: ["a"], key }));
    const error = (await rejectionOf(store.batch(gets))) as BatchError;
    expect(error.outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"]);
    const refused = { name: "ValidationError", message: expect.stringContaining("limits.maxReadBytes") as unknown };
    expect([error.outcomes[2], error.outcomes[4]]).toMatchObject([{ reason: refused }, { reason: refused }]);
    // Each get returns a copy of the value.
    expect(await store.batch(["1", "1", "1"].map((key) => ({ namespace: ["a"], key })))).toHaveLength(3);
    await expect(store.batch(["1", "1", "1", "1"].map((key) => ({ namespace: ["a"], key })))).rejects.toMatchObject({ outcomes: [{}, {}, {}, { reason: refused }] });
    await expect(store.search(["a"], { limit: 4 })).rejects.toMatchObject(refused);
    expect(await store.search(["a"], { limit: 3 })).toHaveLength(3);
    await store.put(["a"], "big", { text: text.repeat(10) });
    expect(await store.get(["a"], "big")).not.toBeNull();
    expect(await store.search(["a"], { limit: 1, offset: 4 })).toHaveLength(1);
  });

  test("cannot exceed what a database can store", async () => {
    const wide = { maxLabelBytes: 40_000, maxNamespaceLabels: 65, maxKeyBytes: 40_000, maxFilterDepth: 10_000 };
    const error = await rejectionOf(ScyllaDBStore.embedded({ path: ":memory:", limits: wide }));
    for (const option of Object.keys(wide)) expect(error.message).toContain(`limits.${option}`);
  });

  test("applies to nested views whose root and namespace together are too long", async () => {
    const store = await open({ limits: { maxLabelBytes: 10_000 } });
    const long = store.scoped(["x".repeat(10_000)]);
    expect(() => long.scoped(["y".repeat(10_000)])).toThrow("20001 bytes long, including the root of its view");
    const error = await rejectionOf(long.put(["y".repeat(10_000)], "k", {}));
    expect(error.message).toContain("at most 16384");
  });

  test("a label has at most 512 bytes by default", async () => {
    const store = await open({});
    await store.put(["é".repeat(256)], "k", {});
    const error = await rejectionOf(store.put([`${"é".repeat(256)}x`], "k", {}));
    expect(error.message).toContain("513 bytes long; at most 512 are allowed (limits.maxLabelBytes)");
  });

  test("on filter evaluations ends the search as truncated, with a cursor that continues", async () => {
    const store = await open({ limits: { maxFilterTests: 20 } });
    await store.batch(Array.from({ length: 30 }, (_, n) => ({ namespace: ["a"], key: `${n}`, value: { n } })));
    const filter = { n: { $gte: 25, $lt: 27 } };
    const keys: string[] = [];
    let pages = 0;
    for (let cursor: string | null | undefined; cursor !== null; pages += 1) {
      const page = await store.search(["a"], { filter, cursor });
      keys.push(...page.map(({ key }) => key));
      expect(page.info.truncated).toBe(page.info.cursor !== null);
      ({ cursor } = page.info);
    }
    expect(keys).toEqual(["25", "26"]);
    expect(pages).toBeGreaterThanOrEqual(3);
    // A page that cannot reach its offset is rejected, because its results would start at the wrong item.
    await expect(store.search(["a"], { filter: { n: { $gte: 0 } }, offset: 29 })).rejects.toThrow("limits.maxFilterTests");
  });

  test("an object that is refused is read once in a batch, however often it occurs", async () => {
    const store = await open({ limits: {} });
    let reads = 0;
    const refused = {
      get bad() {
        reads += 1;
        return Symbol("no value");
      },
    };
    const error = await rejectionOf(store.batch([1, 2, 3].map((i) => ({ namespace: ["a"], key: `${i}`, value: refused }))));
    expect(error).toMatchObject({ outcomes: [1, 2, 3].map(() => ({ status: "rejected", reason: { code: "VALIDATION", message: expect.stringContaining("value.bad") as string } })) });
    expect(reads).toBe(1);
  });

  test("on the bytes of a batch counts namespaces, paths and conditions", async () => {
    const store = await open({ limits: { maxBatchBytes: 100 } });
    const label = "n".repeat(60);
    const operations: Record<string, (key: string) => object> = {
      get: (key) => ({ namespace: [label], key }),
      put: (key) => ({ namespace: ["a"], key, value: {}, index: [label] }),
      search: () => ({ namespacePrefix: [label] }),
      "list-namespaces": () => ({ matchConditions: [{ matchType: "prefix", path: [label] }], limit: 1, offset: 0 }),
    };
    for (const [kind, operation] of Object.entries(operations)) {
      const error = await rejectionOf(store.batch(["1", "2", "3"].map(operation) as never));
      expect(error, kind).toMatchObject({ outcomes: [{ status: "fulfilled" }, { status: "fulfilled" }, { status: "rejected", reason: { code: "VALIDATION" } }] });
    }
  });

  test("on the bytes of a batch rejects only the operations beyond it", async () => {
    const store = await open({ limits: { maxBatchBytes: 100 } });
    let reads = 0;
    const value = {
      get text() {
        reads += 1;
        return "x".repeat(60);
      },
    };
    const error = await rejectionOf(store.batch(["1", "2", "3", "4"].map((key) => ({ namespace: ["a"], key, value }))));
    expect(error).toMatchObject({
      outcomes: [
        { status: "fulfilled" },
        { status: "fulfilled" },
        { status: "rejected", reason: { code: "VALIDATION", message: expect.stringContaining("limits.maxBatchBytes") as string } },
        { status: "rejected" },
      ],
    });
    expect(reads).toBe(2);
    expect(await store.search(["a"])).toHaveLength(2);
    const filters = await rejectionOf(store.batch([1, 2, 3].map(() => ({ namespacePrefix: ["a"], filter: { text: "y".repeat(60) } }))));
    expect(filters).toMatchObject({ outcomes: [{ status: "fulfilled" }, { status: "fulfilled" }, { reason: { code: "VALIDATION" } }] });
  });

  test("on the digits of integers applies to values and filters", async () => {
    const store = await open({});
    await store.put(["a"], "k", { n: 10n ** 2_048n - 1n });
    expect(await store.search(["a"], { filter: { n: { $gte: 10n ** 2_048n - 1n } } })).toHaveLength(1);
    const million = 1n << 4_000_000n;
    const before = process.cpuUsage();
    await expect(store.put(["a"], "k", { list: [million] })).rejects.toThrow("value.list[0] is a bigint of more than 2048 digits");
    await expect(store.put(["a"], "k", { list: [-million] })).rejects.toMatchObject({ code: "VALIDATION" });
    await expect(store.search(["a"], { filter: { n: { $lt: million } } })).rejects.toThrow("filter.n.$lt is not a valid operand");
    expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  });

  test("a value or filter that repeats one object many times is rejected at once", async () => {
    const store = await open({});
    let value: Record<string, unknown> = { leaf: "x" };
    for (let i = 0; i < 60; i += 1) value = { a: value, b: value };
    let filter: Record<string, unknown> = {};
    for (let i = 0; i < 30; i += 1) filter = { $or: [filter, filter] };
    const started = performance.now();
    await expect(store.put(["a"], "k", value)).rejects.toMatchObject({ code: "VALIDATION" });
    await expect(store.search(["a"], { filter })).rejects.toMatchObject({ code: "VALIDATION" });
    await expect(store.search(["a"], { filter: { a: value } })).rejects.toMatchObject({ code: "VALIDATION" });
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("a rate limit", () => {
  test("rejects calls beyond it with a retry-after, without any effect", async () => {
    const store = await open({ rateLimit: { store: { put: { operations: 2, periodMs: 60_000 } } } });
    await store.put(["a"], "1", { n: 1 });
    await store.put(["a"], "2", { n: 2 });
    const error = await rejectionOf(store.put(["a"], "3", { n: 3 }));
    expect(error).toMatchObject({ name: "RateLimitError", code: "RATE_LIMITED", retryable: true });
    const { retryAfterMs } = error as Error & { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(20_000);
    expect(retryAfterMs).toBeLessThanOrEqual(30_000);
    expect((await store.search(["a"])).map(({ key }) => key)).toEqual(["1", "2"]);
    await store.delete(["a"], "1");
  });

  test.each(["reject", "wait"] as const)("rejects before values are read, in mode %s", async (mode) => {
    const store = await open({ rateLimit: { mode, maxWaitMs: 1, store: { put: { operations: 1, periodMs: 60_000 } } } });
    let reads = 0;
    const value = {
      get text() {
        reads += 1;
        return "x";
      },
    };
    const puts = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => store.put(["a"], `${i}`, value)));
    expect(puts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const put of puts.slice(1)) expect(put).toMatchObject({ status: "rejected", reason: { code: "RATE_LIMITED" } });
    expect(reads).toBe(1);
    const batch = await rejectionOf(store.batch([{ namespace: ["a"], key: "b", value }, { namespace: ["a"], key: "c", value }]));
    expect(batch).toMatchObject({ name: "BatchError", cause: { code: "RATE_LIMITED" } });
    expect(reads).toBe(1);
    expect(store.stats().operations.put).toMatchObject({ rateLimited: 11 });
  });

  test("counts a batch by its operations and rejects it entirely", async () => {
    const store = await open({ rateLimit: { algorithm: "sliding-window", store: { all: { operations: 4, periodMs: 60_000 } } } });
    await store.batch(["1", "2", "3"].map((key) => ({ namespace: ["a"], key, value: {} })));
    const error = await rejectionOf(store.batch([{ namespace: ["a"], key: "4", value: {} }, { namespace: ["a"], key: "1" }]));
    expect(error).toMatchObject({ name: "BatchError", retryable: true, cause: { code: "RATE_LIMITED" } });
    expect(await store.get(["a"], "4")).toBeNull();
  });

  test("is separate for each tenant, also through new views and views with defaults", async () => {
    const store = await open({ rateLimit: { scope: { all: { operations: 2, periodMs: 60_000 } } } });
    const tenant = (id: string): StoreView => store.scoped(["tenants", id]);
    await tenant("a").put(["n"], "k", {});
    await tenant("a").with({ order: "newest" }).get(["n"], "k");
    await expect(tenant("a").get(["n"], "k")).rejects.toMatchObject({ code: "RATE_LIMITED" });
    expect(await tenant("b").get(["n"], "k")).toBeNull();
    // The store itself is not a tenant.
    for (let i = 0; i < 5; i += 1) await store.get(["tenants", "a", "n"], "k");
  });

  test("in wait mode does not let a flooding tenant starve another", async () => {
    const store = await open({ rateLimit: { mode: "wait", store: { all: { operations: 200, periodMs: 1_000, burst: 1 } } } });
    const passed: string[] = [];
    const calls = (id: string, count: number): Promise<unknown> =>
      Promise.all(Array.from({ length: count }, () => store.scoped([id]).get(["n"], "k").then(() => passed.push(id))));
    await Promise.all([calls("flood", 120), calls("small", 5)]);
    expect(passed).toHaveLength(125);
    // After those of the flood that came first, its calls alternate. A slow machine lets more of the flood come first.
    expect(passed.lastIndexOf("small")).toBeLessThan(100);
  });

  test("is not refilled by a change of other options, and its own change applies at once", async () => {
    const rateLimit = { store: { put: { operations: 1, periodMs: 60_000 } } };
    const store = await open({ rateLimit });
    await store.put(["a"], "k", {});
    await store.reload({ path: ":memory:", rateLimit, limits: { maxLimit: 50 } });
    await expect(store.put(["a"], "k", {})).rejects.toMatchObject({ code: "RATE_LIMITED" });
    await store.reload({ path: ":memory:" });
    await store.put(["a"], "k", {});
  });

  test("ends the wait of an aborted call", async () => {
    const store = await open({ rateLimit: { mode: "wait", store: { get: { operations: 1, periodMs: 4_000 } } } });
    await store.get(["a"], "k");
    const controller = new AbortController();
    const waiting = rejectionOf(store.get(["a"], "k", { signal: controller.signal }));
    controller.abort();
    expect(await waiting).toMatchObject({ code: "ABORTED" });
  });

  test("of a sliding window rejects the option burst by name", async () => {
    const error = await rejectionOf(
      ScyllaDBStore.embedded({
        path: ":memory:",
        rateLimit: { algorithm: "sliding-window", store: { get: { operations: 1, burst: 5 }, put: { operations: 0 } } },
      }),
    );
    expect(error.message).toContain("rateLimit.store.get.burst");
    expect(error.name).toBe("ConfigurationError");
  });
});
