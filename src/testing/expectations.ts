import { inspect } from "node:util";
import type { BaseStore, Item, PutOperation } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";

/** Values by key, in the order in which they are to be put. */
export type Values = Readonly<Record<string, Record<string, unknown>>>;

/** Puts all values into one namespace with one batch; the oldest is the first. */
export async function seed(
  store: BaseStore,
  namespace: string[],
  values: Values,
  index?: PutOperation["index"],
): Promise<void> {
  const puts = Object.entries(values).map(([key, value]): PutOperation => ({ namespace, key, value, index }));
  await store.batch(puts);
}

/** Puts one item into each namespace, with one batch. */
export async function seedNamespaces(store: BaseStore, namespaces: readonly string[][]): Promise<void> {
  await store.batch(namespaces.map((namespace): PutOperation => ({ namespace, key: "k", value: { n: 1 } })));
}

/** The keys of items, in their order. */
export function keysOf(items: readonly Item[]): string[] {
  return items.map((item) => item.key);
}

/** The field `n` of each value, in the order of the items. */
export function numbersOf(items: readonly (Item | null)[]): unknown[] {
  return items.map((item): unknown => item?.value["n"]);
}

/** Returns the error of a promise that rejects; fails when it resolves. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  const settled = await Promise.allSettled([promise]);
  const outcome = settled[0];
  if (outcome.status === "fulfilled") {
    return expect.fail(`expected an error, but the call resolved with ${inspect(outcome.value, { depth: 1 })}`);
  }
  expect(outcome.reason).toBeInstanceOf(Error);
  return outcome.reason as Error;
}

interface OutcomesCarrier {
  readonly outcomes: readonly PromiseSettledResult<unknown>[];
}

/** Whether an error is a batch error with the outcome of each operation. */
export function carriesOutcomes(error: Error): error is Error & OutcomesCarrier {
  return error.name === "BatchError" && Array.isArray((error as Partial<OutcomesCarrier>).outcomes);
}

/** As `rejectionOf`, for `batch`: the error of the first failing operation, also where a `BatchError` carries it. */
export async function batchRejectionOf(promise: Promise<unknown>): Promise<Error> {
  const error = await rejectionOf(promise);
  if (!carriesOutcomes(error)) return error;
  const failed = error.outcomes.find((outcome) => outcome.status === "rejected");
  expect(failed, "a BatchError has to carry a rejected outcome").toBeDefined();
  const reason: unknown = failed?.reason;
  expect(reason).toBeInstanceOf(Error);
  return reason as Error;
}

/** Fails unless the promise rejects with LangGraph's `InvalidNamespaceError`, alone or inside a `BatchError`. */
export async function expectInvalidNamespace(promise: Promise<unknown>): Promise<void> {
  const error = await batchRejectionOf(promise);
  expect(error.name, `${error.name}: ${error.message}`).toBe("InvalidNamespaceError");
}

/** Most pages of a case, for a store that repeats items and never returns a short page. */
const MOST_PAGES = 100;

/** Reads pages of `size` until one is short, and returns all items. */
export async function readPages<T>(
  size: number,
  readPage: (page: { limit: number; offset: number }) => Promise<T[]>,
): Promise<T[]> {
  const all: T[] = [];
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await readPage({ limit: size, offset: all.length });
    expect(page.length).toBeLessThanOrEqual(size);
    all.push(...page);
    if (page.length < size) return all;
  }
  return expect.fail(`no page of ${MOST_PAGES} was short: the pages never end`);
}

/** Lists all namespaces below `[root]`, and it, in the order of the listing. */
export async function namespacesBelow(store: BaseStore, root: string): Promise<string[][]> {
  return readPages(500, (page) => store.listNamespaces({ prefix: [root], ...page }));
}

/** Waits until the clock is later than `moment`, so that two writes have different times. */
export async function clockPasses(moment: Date): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (Date.now() <= moment.getTime()) {
    if (performance.now() > deadline) expect.fail(`the clock did not pass ${moment.toISOString()} in 5 s`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Returns the value; fails when it is null or undefined. */
export function present<T>(value: T | null | undefined, what = "the item"): T {
  if (value === null || value === undefined) return expect.fail(`${what} is missing`);
  return value;
}

/** The numbers from 0 up to, not including, `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
