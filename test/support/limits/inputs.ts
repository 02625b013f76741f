/** Inputs with the largest size, depth or number that the default limits allow. */
import fc from "fast-check";
import type { RankingOptions, SearchOptions, StoreView } from "langgraph-store-scylladb";

const VALUE_BYTES = 4 * 1024 * 1024;

/** Returns a list as large as a value may be, with elements of a given size as JSON. */
function listOf(bytes: number, element: (i: number) => unknown): () => Record<string, unknown> {
  return () => ({ list: Array.from({ length: Math.floor((VALUE_BYTES * 0.95) / bytes) }, (_, i) => element(i)) });
}

function nested(depth: number, innermost: unknown): unknown {
  let value = innermost;
  for (let i = 0; i < depth; i += 1) value = { a: value };
  return value;
}

/** An object that is reachable through every split of `a.a.a…` into keys. */
function everySplit(steps: number): Record<string, unknown> {
  const value: Record<string, unknown> = { leaf: 1 };
  for (let taken = 1; taken <= steps; taken += 1) value[Array(taken).fill("a").join(".")] = everySplit(steps - taken);
  return value;
}

const BIG = 10n ** 2_000n;

/** Values at the size limit. */
const values: Readonly<Record<string, () => Record<string, unknown>>> = {
  text: () => ({ text: "word ".repeat(VALUE_BYTES / 5 - 10) }),
  control: () => ({ text: "\u0000".repeat(VALUE_BYTES / 6 - 10) }),
  numbers: listOf(2, () => 1),
  objects: listOf(3, () => ({})),
  records: listOf(80, (i) => ({ id: i, name: `name ${i}`, at: "2026-01-01", done: i % 2 === 0, score: 1.5 })),
  keys: () => Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`k${i}`, 1])),
  maps: listOf(13, () => new Map()),
  bigints: listOf(2_020, () => BIG),
  bytes: () => ({ bytes: new Uint8Array((VALUE_BYTES / 4) * 3 - 100) }),
  deep: () => ({ deep: nested(190, Array.from({ length: 1_900_000 }, () => 1)) }),
  "long name": () => ({ ["n".repeat(3_900_000)]: Object.fromEntries(Array.from({ length: 126 }, (_, i) => [`f${i}`, i])) }),
  splits: () => everySplit(14),
  "many words": () => ({ text: Array.from({ length: 590_000 }, (_, i) => i.toString(36).padStart(6, "q")).join(" ") }),
  "short words of a dictionary": () => ({ text: "\u1000 ".repeat(VALUE_BYTES / 5) }),
  "long normal forms": () => ({ text: "\uFDFA".repeat(VALUE_BYTES / 4) }),
};

/** Values of long texts, in a namespace of their own: decoded, all values together would exceed the heap of the process. */
const TEXTS: readonly string[] = ["text", "control", "many words", "short words of a dictionary", "long normal forms", "long name"];
const TEXTS_NAMESPACE = ["hostile", "texts"];

/** Values that every store rejects. */
const refused: Readonly<Record<string, () => Record<string, unknown>>> = {
  "too long": () => ({ text: "x".repeat(30_000_000) }),
  "a huge integer": () => ({ n: 1n << 13_000_000n }),
  "too deep": () => nested(50_000, 1) as Record<string, unknown>,
  "a sparse list": () => ({ list: new Array(4_000_000_000) }),
};

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `value ${i}`);

function aPath(last: string): string {
  return [...Array<string>(30).fill("a"), last].join(".");
}

/** Filters at the limits of their size, conditions, values and depth. */
const filters: Readonly<Record<string, () => Record<string, unknown>>> = {
  "many values": () => ({ text: { $in: many(10_000) } }),
  "lists of values": () => ({ $and: Array.from({ length: 5 }, () => ({ text: { $nin: many(10_000) } })) }),
  "many paths": () => ({ $and: Array.from({ length: 1_000 }, (_, i) => ({ [aPath(`b${i}`)]: { $ne: i } })) }),
  "many alternatives": () => ({ $or: Array.from({ length: 1_000 }, (_, i) => ({ [`f${i}`]: { $eq: { i } } })) }),
  "a long name": () => ({ ["n".repeat(900_000)]: { $in: many(5_000) } }),
  "an object": () => ({ list: { $ne: Array.from({ length: 400_000 }, () => 1) } }),
  deep: () => {
    let filter: Record<string, unknown> = { text: { $exists: true } };
    for (let i = 0; i < 30; i += 1) filter = { $not: filter };
    return filter;
  },
};

const LONG_KEY = "k".repeat(32_768);
const LONG_NAMESPACE = Array.from({ length: 63 }, (_, i) => `label ${i}`);
/** The longest path of a field. */
const LONG_PATH = Array<string>(512).fill("a").join(".");
const LONG_QUERY = "many words and more ".repeat(3_200);

/** A call with its arguments. */
export interface LimitCall {
  readonly name: string;
  readonly given: unknown;
  run(store: StoreView): Promise<unknown>;
}

const key = fc.constantFrom("k", LONG_KEY, "\u0000".repeat(32_768));
const namespace = fc.constantFrom(["a"], LONG_NAMESPACE, ["hostile"]);
const index = fc.constantFrom<false | string[] | undefined>(
  undefined,
  false,
  Array<string>(100).fill("$"),
  ["$", ...Array.from({ length: 62 }, (_, i) => `list[${i}]`), "*"],
  [`list[*].{${Array.from({ length: 40 }, (_, i) => `f${i}`).join(",")}}`, "$"],
  Array.from({ length: 1_000 }, (_, i) => `f${i}`),
);

function oneOf<T>(from: Readonly<Record<string, () => T>>): fc.Arbitrary<[string, () => T]> {
  return fc.constantFrom(...Object.entries(from));
}

const put = fc.record({ value: oneOf({ ...values, ...refused }), key, namespace, index }).map(
  ({ value: [name, make], key: named, namespace: where, index: paths }): LimitCall => {
    const value = make();
    return {
      name: `put of ${name}, key of ${named.length}, ${where.length} labels, index ${JSON.stringify(paths)?.slice(0, 30)}`,
      given: name in refused ? null : value,
      run: (store) => store.put(where, named, value, paths),
    };
  },
);

/** Ranking on top of a mode, with the largest pool and the longest paths. */
const rankings: Readonly<Record<string, () => RankingOptions>> = {
  decay: () => ({ pool: 1_000, decay: { halfLifeDays: 1, field: LONG_PATH } }),
  boost: () => ({ pool: 1_000, boost: { field: LONG_PATH, weight: 10 }, explain: true }),
  diversity: () => ({ pool: 1_000, diversity: { lambda: 0.5 } }),
  "a document compressor": () => ({ pool: 1_000, rerank: { compressDocuments: async (documents) => documents } }),
  "a function": () => ({ pool: 1_000, rerank: (_, items) => items.map(() => 1) }),
};

const search = fc
  .record({
    mode: fc.constantFrom(undefined, "keyword" as const, "hybrid" as const),
    ranking: fc.option(oneOf(rankings), { nil: undefined }),
    query: fc.constantFrom(undefined, LONG_QUERY, "word"),
    filter: fc.option(oneOf(filters), { nil: undefined }),
    limit: fc.constantFrom(10, 100_000),
    offset: fc.constantFrom(0, 1_000_000),
    minScore: fc.constantFrom(undefined, 0.5),
    cursor: fc.constantFrom(undefined, "x".repeat(10_000_000), Buffer.from("[".repeat(1_000_000)).toString("base64url")),
    view: fc.constantFrom<"none" | "with" | "scoped">("none", "with", "scoped"),
  })
  .map(({ filter, view, ranking, ...rest }): LimitCall => {
    const given = { ...rest, ...ranking?.[1](), ...(filter === undefined ? {} : { filter: filter[1]() }) };
    const options = Object.fromEntries(Object.entries(given).filter(([, each]) => each !== undefined));
    const { query, cursor, ...shown } = rest;
    return {
      name: `search ${JSON.stringify({ ...shown, query: query?.length, cursor: cursor?.length, filter: filter?.[0], ranking: ranking?.[0], view })}`,
      given: options,
      run: (store) => {
        if (view === "with") return store.with({ order: "newest", index: ["text"], minScore: 0.1 }).search([], options);
        return view === "scoped" ? store.scoped(["hostile"]).search([], options) : store.search([], options);
      },
    };
  });

/** Batches at the limit of operations, some beyond the limit of bytes. */
const batches: Readonly<Record<string, () => () => unknown[]>> = {
  "10,000 gets of one key": () => () => Array.from({ length: 10_000 }, () => ({ namespace: ["a"], key: LONG_KEY })),
  "10,000 small puts": () => () => Array.from({ length: 10_000 }, (_, i) => ({ namespace: ["many", `${i % 50}`], key: `${i}`, value: { i } })),
  "10,000 puts of one big value": () => {
    const value = values["text"]?.();
    return () => Array.from({ length: 10_000 }, (_, i) => ({ namespace: ["a"], key: `${i % 3}`, value }));
  },
  "10,000 searches by a big filter": () => {
    const filter = filters["many values"]?.();
    return () => Array.from({ length: 10_000 }, () => ({ namespacePrefix: ["none"], filter }));
  },
  "1,000 listings": () => () => Array.from({ length: 1_000 }, () => ({ matchConditions: [], limit: 100, offset: 0 })),
};

function batchOf(name: string, make: () => () => unknown[]): LimitCall {
  const operations = make()();
  // The number of the largest values is bounded by the bytes of a batch.
  return { name: `batch of ${name}`, given: operations.slice(0, 16), run: (store) => store.batch(operations as never) };
}

const batch = oneOf(batches).map(([name, make]) => batchOf(name, make));

const others = fc.record({ namespace, key, limit: fc.constantFrom(100, 100_000), offset: fc.constantFrom(0, 1_000_000) }).chain((at) =>
  fc.constantFrom<LimitCall>(
    { name: `get, key of ${at.key.length}, ${at.namespace.length} labels`, given: at, run: (store) => store.get(at.namespace, at.key) },
    { name: `delete, key of ${at.key.length}`, given: at, run: (store) => store.delete(at.namespace, at.key) },
    {
      name: `listNamespaces ${at.limit} ${at.offset}`,
      given: at,
      run: (store) => store.listNamespaces({ limit: at.limit, offset: at.offset, prefix: Array<string>(63).fill("*"), suffix: at.namespace }),
    },
  ),
);

/** Any call at its limits. */
export const limitCall: fc.Arbitrary<LimitCall> = fc.oneof(
  { weight: 4, arbitrary: put },
  { weight: 4, arbitrary: search },
  { weight: 1, arbitrary: batch },
  { weight: 2, arbitrary: others },
);

/** Calls that always run, one for each kind of input. */
export function everyCall(): (() => LimitCall)[] {
  const puts = Object.entries({ ...values, ...refused }).map(([name, make]) => (): LimitCall => {
    const value = make();
    return { name: `put of ${name}`, given: name in refused ? null : value, run: (store) => store.put(TEXTS.includes(name) ? TEXTS_NAMESPACE : ["hostile"], name, value) };
  });
  const searches = Object.entries(filters).flatMap(([name, make]) =>
    [undefined, "word"].map((query) => (): LimitCall => {
      const filter = make();
      const options = query === undefined ? { filter } : { filter, query };
      return { name: `search by ${name}, ${query === undefined ? "listed" : "ranked"}`, given: options, run: (store) => store.search([], options) };
    }),
  );
  const ranked = (["semantic", "keyword", "hybrid"] as const).flatMap((mode) =>
    Object.entries({ nothing: () => ({}), ...rankings }).map(([name, make]) => (): LimitCall => {
      const options: SearchOptions = { query: "word", mode, limit: 100, ...make() };
      return { name: `search by ${mode} and ${name}`, given: { mode }, run: (store) => store.search(TEXTS_NAMESPACE, options) };
    }),
  );
  return [...puts, ...searches, ...ranked, ...Object.entries(batches).map(([name, make]) => () => batchOf(name, make))];
}
