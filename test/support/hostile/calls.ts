/** Calls of every public function with hostile arguments, and the invariants after them. */
import { expect } from "vitest";
import fc from "fast-check";
import { isStoreError, type ScyllaDBStore, type StoreView } from "langgraph-store-scylladb";
import { filter, HostileValue, maybeText, namespace, number, text, value } from "./corpus.ts";

/** One call. */
interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

const options = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.record(fields, { requiredKeys: [] }) },
    { weight: 1, arbitrary: fc.constantFrom(null, 7, "x", [], undefined) },
  );

const anything = fc.anything({ maxDepth: 1 });
const index = fc.oneof(fc.constantFrom(false, undefined), fc.array(maybeText, { maxLength: 3 }), anything);

const searchOptions = options({
  query: maybeText,
  filter,
  limit: number,
  offset: number,
  cursor: fc.oneof(text, fc.base64String({ maxLength: 60 }), anything),
  order: fc.oneof(fc.constantFrom("oldest", "newest"), anything),
  minScore: number,
  refreshTtl: anything,
  unknownOption: anything,
});

const operation = fc.oneof(
  fc.record({ namespace, key: maybeText, value }, { requiredKeys: ["namespace", "key"] }),
  fc.record({ namespacePrefix: namespace, query: maybeText, filter, limit: number, offset: number }, { requiredKeys: ["namespacePrefix"] }),
  fc.record({ matchConditions: anything, limit: number, maxDepth: number }, { requiredKeys: ["limit"] }),
  fc.anything({ maxDepth: 2 }),
);

/** A call of any function. */
export const call: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(namespace, maybeText, value, index, options({ ttl: number, expiresAt: anything, signal: anything })).map((args) => ({ name: "put", args })),
  fc.tuple(namespace, maybeText, value).map((args) => ({ name: "put", args })),
  fc.tuple(namespace, maybeText, options({ refreshTtl: anything, signal: anything })).map((args) => ({ name: "get", args })),
  fc.tuple(namespace, maybeText, options({ signal: anything })).map((args) => ({ name: "delete", args })),
  fc.tuple(namespace, searchOptions).map((args) => ({ name: "search", args })),
  options({ prefix: namespace, suffix: namespace, maxDepth: number, limit: number, offset: number }).map((args) => ({ name: "listNamespaces", args: [args] })),
  fc.oneof(fc.array(operation, { maxLength: 4 }), anything).map((operations) => ({ name: "batch", args: [operations] })),
  fc.oneof(fc.record({ ttl: number, order: anything, index, minScore: number, actor: anything }, { requiredKeys: [] }), anything).map((defaults) => ({ name: "with", args: [defaults] })),
  namespace.map((prefix) => ({ name: "scoped", args: [prefix] })),
);

/** The tenant of the hostile calls, and another tenant whose data they must not read. */
const OWN = ["tenant", "own"];
const OTHER = ["tenant", "other"];
const SECRET_OF_OTHER = "f3a9-belongs-to-another-tenant";

/** Timeout of a call in milliseconds. */
const LONGEST_MS = 30_000;

/** The store under attack. */
export interface Target {
  readonly view: StoreView;
  readonly store: ScyllaDBStore;
}

/** Stores data of another tenant beside the attacked scope. */
export async function prepare(store: ScyllaDBStore): Promise<Target> {
  await store.put(OTHER, "a", { text: SECRET_OF_OTHER }, false);
  await store.put([...OTHER, "a"], "user", { text: SECRET_OF_OTHER, a: 1 }, false);
  await store.put(["tenant"], "own", { text: SECRET_OF_OTHER }, false);
  return { view: store.scoped(OWN), store };
}

/** Makes a call and verifies the outcome: a correct result, or an error that names the fault. */
export async function attack({ view }: Target, { name, args: given }: Call): Promise<void> {
  const args = given.map((arg) => (arg instanceof HostileValue ? arg.make() : arg));
  const before = name === "put" ? await readBack(view, args) : undefined;
  const begun = performance.now();
  const outcome = await invoke(view, name, args);
  expect(performance.now() - begun, `${name} hangs`).toBeLessThan(LONGEST_MS);
  if (outcome.failed !== undefined) {
    expectTyped(outcome.failed, name);
    // No partial write: existing data is unchanged.
    if (name === "put") expect(await readBack(view, args)).toEqual(before);
    return;
  }
  expect(JSON.stringify(outcome.answer, printable) ?? "", `${name} shows what is another's`).not.toContain(SECRET_OF_OTHER);
  if (name === "put" && args[2] !== null) expect((await readBack(view, args))?.value).toBeDefined();
}

/** Verifies that the other tenant's data and JavaScript's prototypes are unchanged. */
export async function expectUnharmed({ store }: Target): Promise<void> {
  expect((await store.get(OTHER, "a"))?.value).toEqual({ text: SECRET_OF_OTHER });
  expect(await store.search(OTHER)).toHaveLength(2);
  expect((await store.get(["tenant"], "own"))?.value).toEqual({ text: SECRET_OF_OTHER });
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
}

async function invoke(view: StoreView, name: string, args: readonly unknown[]): Promise<{ answer?: unknown; failed?: unknown }> {
  try {
    const method = (view as unknown as Record<string, (...given: readonly unknown[]) => unknown>)[name];
    const answer = await method?.apply(view, [...args]);
    // A view is not data. Its calls are attacked separately.
    return { answer: name === "with" || name === "scoped" ? null : answer };
  } catch (failed) {
    return { failed };
  }
}

async function readBack(view: StoreView, [namespaceGiven, keyGiven]: readonly unknown[]): Promise<{ value: unknown } | null | undefined> {
  try {
    const item = await view.get(namespaceGiven as string[], keyGiven as string);
    return item === null ? null : { value: item.value };
  } catch (error) {
    expectTyped(error, "get");
    return undefined;
  }
}

function expectTyped(error: unknown, name: string): void {
  // LangGraph has its own error for namespaces, which InMemoryStore throws too.
  const isTyped = isStoreError(error) || (error instanceof Error && error.name === "InvalidNamespaceError");
  if (!isTyped) throw new Error(`${name} failed with what is no error of the store`, { cause: error });
  expect(error.message.length).toBeGreaterThan(10);
  expect(error.message.length).toBeLessThan(1_100);
  expect(error.message).not.toContain(SECRET_OF_OTHER);
}

function printable(_key: string, given: unknown): unknown {
  if (typeof given === "bigint") return String(given);
  return given instanceof Map || given instanceof Set ? [...(given as Iterable<unknown>)] : given;
}
