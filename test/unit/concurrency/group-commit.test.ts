import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { GroupCommit } from "../../../src/concurrency/group-commit.ts";

const bounds = { waitFor: "the test", maxWaiting: 100 };

/** A commit that the test completes. */
function manual(): {
  groups: number[][];
  commit: (inputs: readonly number[]) => Promise<PromiseSettledResult<number>[]>;
  finish: (error?: Error) => void;
} {
  const groups: number[][] = [];
  const open: { resolve: () => void; reject: (error: Error) => void }[] = [];
  return {
    groups,
    async commit(inputs) {
      groups.push([...inputs]);
      await new Promise<void>((resolve, reject) => open.push({ resolve, reject }));
      return inputs.map((value) => ({ status: "fulfilled", value: value * 10 }));
    },
    finish: (error) => {
      const first = open.shift();
      if (error === undefined) first?.resolve();
      else first?.reject(error);
    },
  };
}

const values = (outcomes: PromiseSettledResult<number>[]): unknown[] =>
  outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : "failed"));

test("concurrent callers share a group; later inputs share the next group", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { ...bounds, maxGroup: 10, maxInFlight: 1 });
  const first = group.add([1]);
  await expect.poll(() => groups).toEqual([[1]]);
  const rest = [group.add([2, 3]), group.add([4])];
  finish();
  expect(values(await first)).toEqual([10]);
  await expect.poll(() => groups).toEqual([[1], [2, 3, 4]]);
  finish();
  expect((await Promise.all(rest)).map(values)).toEqual([[20, 30], [40]]);
});

test("a group is bounded in size, and a larger call is split into several groups", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { ...bounds, maxGroup: 3, maxInFlight: 1 });
  const all = [group.add([1]), group.add([2, 3, 4, 5])];
  for (const expected of [1, 2]) {
    await expect.poll(() => groups.length).toBe(expected);
    finish();
  }
  expect((await Promise.all(all)).map(values)).toEqual([[10], [20, 30, 40, 50]]);
  expect(groups).toEqual([[1, 2, 3], [4, 5]]);
});

test("a group is bounded in bytes", async () => {
  const { groups, commit, finish } = manual();
  const bytes = { of: (input: number) => input, maxGroup: 10, maxWaiting: 1_000 };
  const group = new GroupCommit(commit, { ...bounds, maxGroup: 100, maxInFlight: 1, bytes });
  const all = group.add([6, 6, 6, 50, 1]);
  for (const expected of [1, 2, 3]) {
    await expect.poll(() => groups.length).toBe(expected);
    finish();
  }
  await all;
  expect(groups).toEqual([[6, 6], [6, 50], [1]]);
});

test("the queue is bounded: a call beyond it is rejected entirely, a single large call is accepted", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { waitFor: "the test", maxWaiting: 3, maxGroup: 10, maxInFlight: 1 });
  const big = group.add([1, 2, 3, 4, 5]);
  await expect.poll(() => groups.length).toBe(1);
  await expect(group.add([6])).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
  finish();
  await big;
  const next = group.add([7]);
  await expect.poll(() => groups.length).toBe(2);
  finish();
  expect(values(await next)).toEqual([70]);
});

test("a stop commits the queue and rejects new inputs", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { ...bounds, maxGroup: 1, maxInFlight: 1 });
  const all = [group.add([1]), group.add([2])];
  const stopped = group.stop();
  await expect(group.add([3])).rejects.toMatchObject({ code: "CLOSED" });
  for (const expected of [1, 2]) {
    await expect.poll(() => groups.length).toBe(expected);
    finish();
  }
  await Promise.all([...all, stopped]);
});

test("the number of groups in flight is bounded", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { ...bounds, maxGroup: 1, maxInFlight: 2 });
  const all = [1, 2, 3].map((input) => group.add([input]));
  await expect.poll(() => groups).toEqual([[1], [2]]);
  finish();
  await expect.poll(() => groups.length).toBe(3);
  finish();
  finish();
  await Promise.all(all);
});

test("a failure reaches every caller of its group, and the next group continues", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { ...bounds, maxGroup: 10, maxInFlight: 1 });
  const first = group.add([1]);
  await expect.poll(() => groups.length).toBe(1);
  finish(new Error("down"));
  expect(values(await first)).toEqual(["failed"]);
  const second = group.add([2]);
  await expect.poll(() => groups.length).toBe(2);
  finish();
  expect(values(await second)).toEqual([20]);
  expect(groups).toEqual([[1], [2]]);
});

test("an input that makes its group fail is isolated by halving the group", async () => {
  const sizes: number[] = [];
  const group = new GroupCommit<number, number>(
    async (inputs) => {
      await Promise.resolve();
      sizes.push(inputs.length);
      if (inputs.includes(13)) throw new RangeError("13");
      return inputs.map((value) => ({ status: "fulfilled", value }));
    },
    { ...bounds, maxGroup: 10, maxInFlight: 1, isInputFault: (reason) => reason instanceof RangeError },
  );
  const outcomes = await Promise.all([group.add([1]), group.add([2]), group.add([13]), group.add([4])]);
  expect(outcomes.map(values)).toEqual([[1], [2], ["failed"], [4]]);
  expect(sizes).toEqual([4, 2, 2, 1, 1]);
});

test("an empty input causes no call", async () => {
  const { groups, commit } = manual();
  expect(await new GroupCommit(commit, { ...bounds, maxGroup: 1, maxInFlight: 1 }).add([])).toEqual([]);
  expect(groups).toEqual([]);
});

test("a group is committed outside the async context of its callers", async () => {
  const caller = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const commit = async (inputs: readonly number[]): Promise<PromiseSettledResult<number>[]> => {
    seen.push(caller.getStore());
    return inputs.map((value) => ({ status: "fulfilled", value }));
  };
  const group = new GroupCommit(commit, { ...bounds, maxGroup: 1, maxInFlight: 1 });
  await Promise.all(["first", "second"].map((name) => caller.run(name, () => group.add([1]))));
  expect(seen).toEqual([undefined, undefined]);
});
