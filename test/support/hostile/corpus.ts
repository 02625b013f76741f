/** Inputs of attackers and of buggy callers. */
import fc from "fast-check";

/** Strings with a meaning in CQL, JSON, file systems, regular expressions or JavaScript. */
export const HOSTILE_TEXTS: readonly string[] = [
  "",
  " ",
  ".",
  "..",
  "*",
  "__proto__",
  "constructor",
  "prototype",
  "hasOwnProperty",
  "toString",
  "langgraph",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udc00x",
  "\uffff",
  "\u202egnp.exe",
  "a.b",
  "a:b",
  "a/b",
  "../../etc/passwd",
  "%2e%2e%2f",
  "C:\\CON",
  "'; DROP TABLE items; --",
  "') OR 1=1 ALLOW FILTERING; --",
  '"}], "must": [], "x": [{"a": "',
  '{"$gt":""}',
  "$gt",
  "$where",
  "$",
  "~date",
  "~map",
  "~",
  "${process.env.HOME}",
  "{{7*7}}",
  "\r\nContent-Length: 0\r\n\r\n",
  "(a+)+$",
  "-0",
  "NaN",
  "1e400",
  "🧠".repeat(50),
  "é",
  "e\u0301",
  "x".repeat(40_000),
];

const shared: { self?: unknown } = {};
shared.self = shared;

/** An object so deep that plain recursion would overflow the stack. */
function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i += 1) value = { a: value };
  return value;
}

/** Values that are not data, or only look like it. */
function hostileValues(): readonly unknown[] {
  return [
    JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
    JSON.parse('{"a": {"__proto__": {"polluted": true}}}'),
    Object.assign(Object.create(null) as object, { a: 1 }),
    shared,
    deep(5_000),
    deep(40),
    { get a(): never { throw new Error("a getter that throws"); } },
    { toJSON: () => { throw new Error("a toJSON that throws"); } },
    { toJSON: () => undefined },
    { toJSON: "no function" },
    new Proxy({}, { ownKeys: () => { throw new Error("a proxy that throws"); } }),
    new Proxy({ a: 1 }, { get: () => { throw new Error("a proxy that throws"); } }),
    { [Symbol("s")]: 1 },
    { f: () => 1 },
    { s: Symbol("s") },
    { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: -0, d: 2n ** 100n, e: undefined },
    { a: new Date(Number.NaN) },
    { a: new Date(0), b: new Map([["__proto__", 1]]), c: new Set([{ a: 1 }]), d: new Uint8Array([1, 2]) },
    { "~date": "2020" },
    { "~": { "~": "~" } },
    { a: "\ud800" },
    { "\ud800": 1 },
    { "": "", " ": " ", "a.b": 1, a: { b: 2 }, "$gt": 3 },
    { a: new Array(2).fill(1, 1) },
    { big: "x".repeat(200_000) },
    Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`k${i}`, i])),
    new (class Strange { a = 1; })(),
    [],
    "text",
    7,
    true,
    new Date(0),
    new Map(),
    Buffer.from("x"),
  ];
}

/** A placeholder for one of the values, so that printing a call does not touch the value. */
export class HostileValue {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }

  /** Creates the value. */
  make(): unknown {
    return hostileValues()[this.index];
  }
}

/** Filters with misplaced operators. */
const HOSTILE_FILTERS: readonly unknown[] = [
  { $and: {} },
  { $or: [] },
  { $not: [] },
  { $and: [null] },
  { $or: [{ $or: [{ $or: "x" }] }] },
  { a: { $gt: { $gt: 1 } } },
  { a: { $in: "x" } },
  { a: { $in: [{ $gt: 1 }] } },
  { a: { $gt: 1, b: 2 } },
  { a: { $regex: "(a+)+$" } },
  { $where: "while(true){}" },
  { "a.__proto__.b": 1 },
  { __proto__: { a: 1 } },
  { "": 1 },
  { ".": 1 },
  { "a..b": 1 },
  { a: Number.NaN },
  { a: undefined },
  { a: () => 1 },
  { a: { $exists: "yes" } },
  { a: { $eq: new Map([[1, 2]]) } },
  { a: [-0] },
  { a: "x".repeat(100_000) },
  { a: { $in: Array.from({ length: 2_000 }, (_, i) => i) } },
  Array.from({ length: 40 }).reduce<unknown>((inner) => ({ $not: inner }), { a: 1 }),
  Array.from({ length: 5_000 }).reduce<unknown>((inner) => ({ $and: [inner] }), { a: 1 }),
  Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i])),
  [],
  "a",
  7,
  new Map([["a", 1]]),
];

/** Numbers for counts and minutes. */
const HOSTILE_NUMBERS: readonly unknown[] = [
  -1, -0, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, 2 ** 53, 2 ** 31, "10", "", null, true, [], {}, 10n,
];

const plainLabel = fc.constantFrom("a", "b", "user", "tenant");

/** A label or key, often harmless, so that calls affect each other's data. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: plainLabel },
  { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
);

/** Values for a string argument. */
export const maybeText: fc.Arbitrary<unknown> = fc.oneof({ weight: 9, arbitrary: text }, fc.anything({ maxDepth: 1 }));

/** Values for a namespace argument. */
export const namespace: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.array(plainLabel, { minLength: 1, maxLength: 3 }) },
  { weight: 4, arbitrary: fc.array(maybeText, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom([[]], [[""]], [["a"]], Array.from({ length: 100 }, () => "a"), new Array(3)) },
  { weight: 1, arbitrary: fc.anything({ maxDepth: 2 }) },
);

/** Values for a value argument. */
export const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(text, fc.jsonValue(), { maxKeys: 4 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: hostileValues().length - 1 }).map((i) => new HostileValue(i)) },
  {
    weight: 3,
    arbitrary: fc.object({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true, withTypedArray: true }),
  },
);

/** Values for a filter argument. */
export const filter: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...HOSTILE_FILTERS),
  fc.dictionary(
    fc.oneof(text, fc.constantFrom("$and", "$or", "$not", "a", "a.b")),
    fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom("$eq", "$ne", "$gt", "$lte", "$in", "$nin", "$exists", "$bad"), fc.jsonValue(), { maxKeys: 2 }),
    ),
    { maxKeys: 3 },
  ),
  fc.anything({ maxDepth: 2 }),
);

/** Values for a number argument. */
export const number: fc.Arbitrary<unknown> = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constantFrom(...HOSTILE_NUMBERS));
