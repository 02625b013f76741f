/** Calls of every kind with inputs at the limits. */
import fc from "fast-check";
import type { RankingOptions, SearchOptions, StoreView } from "langgraph-store-scylladb";
import {
  DEEP_NAMESPACE,
  filters,
  LONG_KEY,
  LONG_NAMESPACE,
  LONG_PATH,
  LONG_QUERY,
  QUERY_OF_ACCENTS,
  QUERY_OF_MANY_WORDS,
  refused,
  TEXTS,
  TEXTS_NAMESPACE,
  values,
} from "./inputs.ts";

/** A call with its arguments. */
export interface LimitCall {
  readonly name: string;
  readonly given: unknown;
  run(store: StoreView): Promise<unknown>;
}

const key = fc.constantFrom("k", LONG_KEY, "\u0000".repeat(32_768));
const namespace = fc.constantFrom(["a"], DEEP_NAMESPACE, LONG_NAMESPACE, ["hostile"]);
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
    query: fc.constantFrom(undefined, LONG_QUERY, QUERY_OF_MANY_WORDS, "word"),
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
  "100 searches of big items": () => () => Array.from({ length: 100 }, () => ({ namespacePrefix: ["hostile"], limit: 3 })),
  "1,000 listings": () => () => Array.from({ length: 1_000 }, () => ({ matchConditions: [], limit: 100, offset: 0 })),
};

/** Gets of one value, of which each returns a copy. */
function getsOfOneItem(): LimitCall {
  const operations = Array.from({ length: 1_000 }, () => ({ namespace: ["hostile"], key: "objects" }));
  return { name: "batch of 1,000 gets of one big item", given: null, run: async (store) => (await store.batch(operations)).length };
}

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
    {
      name: `listNamespaces ${at.limit} ${at.offset}, without prefix`,
      given: at,
      run: (store) => store.listNamespaces({ limit: at.limit, offset: at.offset, maxDepth: at.namespace.length }),
    },
  ),
);

/** Reads of everything below a prefix. The items are counted, not kept: all of them together may exceed the heap. */
const readings: Readonly<Record<string, (store: StoreView, filter: Filter | undefined) => Promise<unknown>>> = {
  count: (store, filter) => store.count([], filter === undefined ? {} : { filter }),
  keys: (store) => countOf(store.keys([])),
  items: (store, filter) => countOf(store.items([], { order: "newest", ...(filter === undefined ? {} : { filter }) })),
};

type Filter = Record<string, unknown>;

async function countOf(source: AsyncIterable<unknown>): Promise<number> {
  const iterator = source[Symbol.asyncIterator]();
  let count = 0;
  while ((await iterator.next()).done !== true) count += 1;
  return count;
}

function readingOf(name: string, read: (typeof readings)[string], filter?: [string, () => Filter]): LimitCall {
  const made = filter?.[1]();
  return { name: `${name} by ${filter?.[0] ?? "no filter"}`, given: made ?? null, run: (store) => read(store, made) };
}

const reading = fc
  .record({ read: fc.constantFrom(...Object.entries(readings)), filter: fc.option(oneOf(filters), { nil: undefined }) })
  .map(({ read: [name, read], filter }) => readingOf(name, read, filter));

/** Namespaces whose labels are as long as they may be, below one another and side by side. */
function longNamespaces(): LimitCall {
  const operations = Array.from({ length: 1_000 }, (_, i) => ({ namespace: [...LONG_NAMESPACE.slice(0, i % 31), `${i}`], key: "k", value: { i } }));
  return { name: "batch of puts into 1,000 namespaces of long labels", given: operations, run: (store) => store.batch(operations as never) };
}

/** Any call at its limits. */
export const limitCall: fc.Arbitrary<LimitCall> = fc.oneof(
  { weight: 4, arbitrary: put },
  { weight: 4, arbitrary: search },
  { weight: 1, arbitrary: batch },
  { weight: 2, arbitrary: others },
  { weight: 1, arbitrary: reading },
);

function putOf(name: string, make: () => Record<string, unknown>): LimitCall {
  const value = make();
  const where = TEXTS.includes(name) ? TEXTS_NAMESPACE : ["hostile"];
  return { name: `put of ${name}`, given: name in refused ? null : value, run: (store) => store.put(where, name, value) };
}

function filteredSearch(name: string, make: () => Filter, query?: string): LimitCall {
  const filter = make();
  const options = query === undefined ? { filter } : { filter, query };
  return { name: `search by ${name}, ${query === undefined ? "listed" : "ranked"}`, given: options, run: (store) => store.search([], options) };
}

const queries: Readonly<Record<string, string>> = { "a word": "word", "repeated words": LONG_QUERY, "many words": QUERY_OF_MANY_WORDS, accents: QUERY_OF_ACCENTS };

const MODES = ["semantic", "keyword", "hybrid"] as const;

/** Searches of long texts in each mode, by short and long queries, and with each ranking. */
function rankedSearches(modes: readonly (typeof MODES)[number][]): (() => LimitCall)[] {
  const call = (mode: SearchOptions["mode"], [name, query]: readonly [string, string], by: string, more: () => RankingOptions) => (): LimitCall => {
    const options: SearchOptions = { query, mode, limit: 100, ...more() };
    return { name: `search for ${name}, ${mode ?? "default"} mode, ${by}`, given: { mode, query }, run: (store) => store.search(TEXTS_NAMESPACE, options) };
  };
  return modes.flatMap((mode) => [
    ...Object.entries(queries).map((query) => call(mode, query, "no ranking", () => ({}))),
    ...Object.entries(rankings).map(([name, make]) => call(mode, ["a word", "word"], name, make)),
  ]);
}

/** Calls that always run, one for each kind of input. */
export function everyCall(): (() => LimitCall)[] {
  return [
    ...Object.entries({ ...values, ...refused }).map(([name, make]) => () => putOf(name, make)),
    ...Object.entries(filters).flatMap(([name, make]) => [undefined, "word"].map((query) => () => filteredSearch(name, make, query))),
    ...rankedSearches(MODES),
    longNamespaces,
    getsOfOneItem,
    ...Object.entries(batches).map(([name, make]) => () => batchOf(name, make)),
    ...Object.entries(readings).map(([name, read]) => () => readingOf(name, read)),
  ];
}

/** Puts of long texts and of large objects, and the searches that follow them while the vector index does not answer. */
export function callsOfOutage(): { readonly before: (() => LimitCall)[]; readonly during: (() => LimitCall)[] } {
  return {
    before: Object.entries(values)
      .filter(([name]) => TEXTS.includes(name) || name === "objects" || name === "keys")
      .map(([name, make]) => () => putOf(name, make)),
    during: [
      // Without the index, the modes rank alike.
      ...rankedSearches(["hybrid"]),
      ...Object.entries(filters).map(([name, make]) => () => filteredSearch(name, make, "word")),
      ...Object.entries(queries).map(([name, query]) => (): LimitCall => {
        return { name: `search of everything for ${name}`, given: query, run: (store) => store.search([], { query }) };
      }),
    ],
  };
}
