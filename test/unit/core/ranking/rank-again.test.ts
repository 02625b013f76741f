import { expect, test } from "vitest";
import { Deadline } from "../../../../src/concurrency/deadline.ts";
import type { Found } from "../../../../src/core/found.ts";
import { rankAgain, type RankAgainSource } from "../../../../src/core/ranking/rank-again.ts";
import { rankingSteps } from "../../../../src/core/ranking/steps.ts";
import { UnavailableError } from "../../../../src/model/errors.ts";
import type { RankingOptions } from "../../../../src/model/ranking-options.ts";
import { present } from "../../../../src/testing/expectations.ts";
import { recordOf } from "../../../../src/testing/records.ts";
import type { LiveRecord } from "../../../../src/model/item.ts";

const hits = [3, 2, 1].map((n): Found => ({ record: recordOf("a", `k${n}`, { value: { n } }) as LiveRecord, value: { n }, score: n / 10 }));

const sourceOf = (options: RankingOptions, vectorsOf: RankAgainSource["vectors"]["vectorsOf"]): RankAgainSource => ({
  query: "q", steps: present(rankingSteps(null, options)), vectors: { vectorsOf }, depth: 0, textOf: () => "", deadline: new Deadline(60_000), now: Date.now(),
  partsOf: () => ({ semantic: null, keyword: null, fused: null }),
});

test("where the stored vectors cannot be read, the order before diversity stays, and the step is reported", async () => {
  const down = () => Promise.reject(new UnavailableError("Qdrant is down"));
  const { found, skipped } = await rankAgain(hits, sourceOf({ diversity: { lambda: 0.5 }, boost: { field: "n", weight: 0 } }, down));
  expect(found.map(({ record }) => record.key)).toEqual(["k3", "k2", "k1"]);
  expect(skipped).toEqual([{ step: "diversity", reason: "failed", cause: "Qdrant is down" }]);
});

test("a failure that is no outage is not hidden", async () => {
  const broken = () => Promise.reject(new TypeError("a defect"));
  await expect(rankAgain(hits, sourceOf({ diversity: { lambda: 0.5 } }, broken))).rejects.toThrow("a defect");
});

test("stored vectors that come too late skip the step within the deadline, and the order before it stays", async () => {
  const hanging = () => new Promise<never>(() => undefined);
  const source = { ...sourceOf({ diversity: { lambda: 0.5 } }, hanging), deadline: new Deadline(200) };
  const { found, skipped } = await source.deadline.wait("The search", rankAgain(hits, source));
  expect(found.map(({ record }) => record.key)).toEqual(["k3", "k2", "k1"]);
  expect(skipped).toMatchObject([{ step: "diversity", reason: "timeout" }]);
});

test("the vectors of many candidates are read in parts of bounded size", async () => {
  const many = Array.from({ length: 10 }, (_, n): Found => ({ ...present(hits[0]), record: recordOf("a", `k${n}`, { value: { n }, vectors: n === 4 ? 256 : 20 }) as LiveRecord, score: 1 - n / 10 }));
  const reads: number[] = [];
  const { found } = await rankAgain(many, sourceOf({ diversity: { lambda: 1 } }, (ids) => {
    reads.push(ids.reduce((sum, { key }) => sum + (key === "k4" ? 256 : 20), 0));
    return Promise.resolve(ids.map(() => [[1, 0]]));
  }));
  expect(found.map(({ record }) => record.key)).toEqual(many.map(({ record }) => record.key));
  // At most what one item adds to a part that is not full.
  for (const read of reads) expect(read).toBeLessThanOrEqual(63 + 256);
  expect(reads.reduce((sum, read) => sum + read, 0)).toBe(9 * 20 + 256);
  expect(reads.length).toBeGreaterThan(1);
});
