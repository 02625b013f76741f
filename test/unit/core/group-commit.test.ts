import { expect, test } from "vitest";
import { GroupCommit } from "../../../src/core/group-commit.ts";

/** A commit that is finished by hand. */
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

test("callers of one moment share a group; what arrives meanwhile shares the next", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { maxGroup: 10, maxInFlight: 1 });
  const first = group.add([1]);
  await expect.poll(() => groups).toEqual([[1]]);
  const rest = [group.add([2, 3]), group.add([4])];
  finish();
  expect(values(await first)).toEqual([10]);
  await expect.poll(() => groups).toEqual([[1], [2, 3, 4]]);
  finish();
  expect((await Promise.all(rest)).map(values)).toEqual([[20, 30], [40]]);
});

test("a group is bounded, but a larger caller is not cut", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { maxGroup: 3, maxInFlight: 1 });
  const all = [group.add([1]), group.add([2, 3]), group.add([4, 5]), group.add([6, 7, 8, 9])];
  for (const expected of [1, 2, 3]) {
    await expect.poll(() => groups.length).toBe(expected);
    finish();
  }
  await Promise.all(all);
  expect(groups).toEqual([[1, 2, 3], [4, 5], [6, 7, 8, 9]]);
});

test("no more groups are under way than allowed", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { maxGroup: 1, maxInFlight: 2 });
  const all = [1, 2, 3].map((input) => group.add([input]));
  await expect.poll(() => groups).toEqual([[1], [2]]);
  finish();
  await expect.poll(() => groups.length).toBe(3);
  finish();
  finish();
  await Promise.all(all);
});

test("a failure reaches every caller of its group, and the next group goes on", async () => {
  const { groups, commit, finish } = manual();
  const group = new GroupCommit(commit, { maxGroup: 10, maxInFlight: 1 });
  const first = group.add([1]);
  await expect.poll(() => groups.length).toBe(1);
  finish(new Error("down"));
  await expect(first).rejects.toThrow("down");
  const second = group.add([2]);
  await expect.poll(() => groups.length).toBe(2);
  finish();
  expect(values(await second)).toEqual([20]);
  expect(groups).toEqual([[1], [2]]);
});

test("an input that spoils a group fails alone", async () => {
  const group = new GroupCommit<number, number>(
    async (inputs) => {
      await Promise.resolve();
      if (inputs.includes(13)) throw new RangeError("13");
      return inputs.map((value) => ({ status: "fulfilled", value }));
    },
    { maxGroup: 10, maxInFlight: 1, isInputFault: (reason) => reason instanceof RangeError },
  );
  const outcomes = await Promise.allSettled([group.add([1]), group.add([2]), group.add([13]), group.add([4])]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
});

test("nothing to commit is no round trip", async () => {
  const { groups, commit } = manual();
  expect(await new GroupCommit(commit, { maxGroup: 1, maxInFlight: 1 }).add([])).toEqual([]);
  expect(groups).toEqual([]);
});
