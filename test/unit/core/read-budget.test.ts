import { describe, expect, test } from "vitest";
import { ReadBudget, readCounted, readInParts } from "../../../src/core/read-budget.ts";
import type { ItemId, ItemRecord } from "../../../src/model/item.ts";
import { upTo } from "../../../src/testing/expectations.ts";
import { recordOf } from "../../../src/testing/records.ts";

const KIB = 1024;

/** Records of one size; counts how many were requested at once. */
class Sized {
  readonly asked: number[] = [];
  readonly #bytes: Uint8Array;

  constructor(bytes: number) {
    this.#bytes = new Uint8Array(bytes);
  }

  get(ids: readonly ItemId[]): Promise<ItemRecord[]> {
    this.asked.push(ids.length);
    return Promise.resolve(ids.map(({ namespace, key }) => ({ ...recordOf(namespace, key), value: { typed: false, bytes: this.#bytes } })));
  }
}

const idsOf = (count: number): ItemId[] => upTo(count).map((n) => ({ namespace: "a", key: String(n) }));
const budgetOf = (maxReadBytes: number, maxPendingReadBytes = Infinity): ReadBudget => new ReadBudget({ maxReadBytes, maxPendingReadBytes });

describe("a batch of gets", () => {
  test("reads only the large records that fit, and rejects the others with the option's name", async () => {
    const items = new Sized(4 * KIB * KIB);
    const outcomes = await budgetOf(64 * KIB * KIB).run((reading) => readCounted(items, idsOf(2_000), reading));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(16);
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: "VALIDATION", message: expect.stringContaining("limits.maxReadBytes") as unknown } });
    expect(items.asked).toEqual([64]);
  });

  test("holds at most a quarter of the heap together, whatever is configured", async () => {
    const items = new Sized(4 * KIB * KIB);
    const budget = new ReadBudget({ maxReadBytes: 64 * KIB * KIB, maxPendingReadBytes: 256 * KIB * KIB }, 128 * KIB * KIB);
    const outcomes = await budget.run((reading) => readCounted(items, idsOf(16), reading));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(8);
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: "UNAVAILABLE", retryable: true } });
  });

  test("counts what large values take in memory: empty arrays take 13 times their text", async () => {
    const bytes = Buffer.from(JSON.stringify({ a: Array.from({ length: 100_000 }, () => []), text: '[[,["\\'.repeat(1_000), more: [] }));
    const items = { get: (ids: readonly ItemId[]) => Promise.resolve(ids.map(({ namespace, key }) => ({ ...recordOf(namespace, key), value: { typed: false, bytes } }))) };
    const outcomes = await budgetOf(16 * KIB * KIB).run((reading) => readCounted(items, idsOf(10), reading));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  });

  test("reads small records in few parts, each id once", async () => {
    const items = new Sized(100);
    const outcomes = await budgetOf(64 * KIB * KIB).run((reading) => readCounted(items, [...idsOf(1_000), ...idsOf(1_000)], reading));
    expect(outcomes.every(({ status }) => status === "fulfilled")).toBe(true);
    expect(items.asked).toEqual([64, 256, 680]);
  });
});

test("the bytes of all calls in flight are bounded, and released", async () => {
  const budget = budgetOf(10 * KIB, 15 * KIB);
  const items = new Sized(5 * KIB);
  const two = (): Promise<PromiseSettledResult<ItemRecord | null>[]> => budget.run((reading) => readCounted(items, idsOf(2), reading));
  const [first, second] = await Promise.all([two(), two()]);
  expect(first?.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  expect(second?.[1]).toMatchObject({ reason: { code: "UNAVAILABLE", retryable: true, message: expect.stringContaining("limits.maxPendingReadBytes") as unknown } });
  expect((await two()).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
});

test("only a few large records are in memory at once", async () => {
  const items = new Sized(4 * KIB * KIB);
  let read = 0;
  for await (const part of readInParts(items, idsOf(100))) read += part.length;
  expect(read).toBe(100);
  expect(Math.max(...items.asked.slice(1))).toBe(4);
});

test("a read that continues after its call was answered is rejected, and holds no bytes", async () => {
  const budget = budgetOf(10 * KIB, 10 * KIB);
  const items = new Sized(5 * KIB);
  const answered = Promise.withResolvers<undefined>();
  const late: Promise<PromiseSettledResult<ItemRecord | null>[]>[] = [];
  await budget.run((reading) => {
    late.push(answered.promise.then(() => readCounted(items, idsOf(2), reading)));
    return Promise.resolve();
  });
  answered.resolve(undefined);
  expect((await Promise.all(late)).flat()).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
  const outcomes = await budget.run((reading) => readCounted(items, idsOf(2), reading));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
});
