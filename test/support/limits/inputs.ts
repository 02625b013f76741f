/** Values, filters, paths and queries with the largest size, depth or number that the default limits allow. */
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
export const values: Readonly<Record<string, () => Record<string, unknown>>> = {
  text: () => ({ text: "word ".repeat(VALUE_BYTES / 5 - 10) }),
  control: () => ({ text: "\u0000".repeat(VALUE_BYTES / 6 - 10) }),
  numbers: listOf(2, () => 1),
  "numbers and a set": () => ({ ...listOf(2, () => 1)(), set: new Set() }),
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
  accents: () => ({ text: "a\u0301\u0323".repeat(100) + "\u0301\u0323".repeat(VALUE_BYTES / 5) }),
  "long normal forms": () => ({ text: "\uFDFA".repeat(VALUE_BYTES / 4) }),
};

/** Values of long texts, in a namespace of their own: decoded, all values together would exceed the heap of the process. */
export const TEXTS: readonly string[] = ["text", "control", "many words", "accents", "short words of a dictionary", "long normal forms", "long name"];
export const TEXTS_NAMESPACE = ["hostile", "texts"];

/** Values that every store rejects. */
export const refused: Readonly<Record<string, () => Record<string, unknown>>> = {
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
export const filters: Readonly<Record<string, () => Record<string, unknown>>> = {
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

export const LONG_KEY = "k".repeat(32_768);
export const DEEP_NAMESPACE = Array.from({ length: 63 }, (_, i) => `label ${i}`);
/** The longest labels, as many as fit into a namespace. */
export const LONG_NAMESPACE = Array.from({ length: 31 }, (_, i) => `${i}`.padEnd(512, "n"));
/** The longest path of a field. */
export const LONG_PATH = Array<string>(512).fill("a").join(".");
export const LONG_QUERY = "many words and more ".repeat(3_200);
/** Accents whose normal form has another order. */
export const QUERY_OF_ACCENTS = `a${"\u0301".repeat(16_000)}${"\u0323".repeat(16_000)}`;
/** Ten thousand words of an item, each once. */
export const QUERY_OF_MANY_WORDS = Array.from({ length: 9_300 }, (_, i) => i.toString(36).padStart(6, "q")).join(" ");
