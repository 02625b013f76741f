import { expect, test } from "vitest";
import { Deadline } from "../../../../src/concurrency/deadline.ts";
import type { Found } from "../../../../src/core/found.ts";
import { rankAgain, type RankAgainSource } from "../../../../src/core/ranking/rank-again.ts";
import { rankingSteps } from "../../../../src/core/ranking/steps.ts";
import { AbortError, UnavailableError } from "../../../../src/model/errors.ts";
import type { RankingOptions } from "../../../../src/model/ranking-options.ts";
import { present } from "../../../../src/testing/expectations.ts";
import { recordOf } from "../../../../src/testing/records.ts";
import type { LiveRecord } from "../../../../src/model/item.ts";
import { turnsDuring } from "../../../support/event-loop-turns.ts";

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
  const many = Array.from({ length: 10 }, (_, n): Found => ({ ...present(hits[0]), record: recordOf("a", `k${n}`, { value: { n }, vectorCount: n === 4 ? 256 : 20 }) as LiveRecord, score: 1 - n / 10 }));
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

/** Work for about a millisecond of CPU time. */
function work(): string {
  let sum = 0;
  for (let i = 0; i < 400_000; i += 1) sum += Math.sqrt(i);
  return `${sum}`;
}

const thousand = Array.from({ length: 1_000 }, (_, n): Found => ({ ...present(hits[0]), record: recordOf("a", `k${n}`, { value: { n } }) as LiveRecord, value: { n }, score: 1 - n / 1_000 }));

test("the texts of a large pool for a document compressor leave turns of the event loop to others", async () => {
  const compressor = { compressDocuments: async (documents: { pageContent: string; metadata: Record<string, unknown> }[]) => documents };
  const source = { ...sourceOf({ rerank: compressor, pool: 1_000, rerankTimeoutMs: 60_000 }, () => Promise.resolve([])), textOf: work };
  let ranked: Awaited<ReturnType<typeof rankAgain>> | undefined;
  expect(await turnsDuring(async () => (ranked = await rankAgain(thousand, source)))).toBeGreaterThan(5);
  expect(present(ranked).skipped).toEqual([]);
  expect(present(ranked).found).toHaveLength(1_000);
});

test("texts for a document compressor are no longer built once its deadline is exceeded", async () => {
  let built = 0;
  const compressor = { compressDocuments: () => Promise.reject(new Error("not called")) };
  const source = { ...sourceOf({ rerank: compressor, pool: 1_000, rerankTimeoutMs: 30 }, () => Promise.resolve([])), textOf: () => ((built += 1), work()) };
  const { found, skipped } = await rankAgain(thousand, source);
  expect(found.map(({ record }) => record.key)).toEqual(thousand.map(({ record }) => record.key));
  expect(skipped).toMatchObject([{ step: "rerank", reason: "timeout" }]);
  const atEnd = built;
  await turnsDuring(() => new Promise((resolve) => setImmediate(resolve)));
  expect(built).toBe(atEnd);
  expect(built).toBeLessThan(1_000);
});

test.each(["decay", "boost"] as const)("%s over many large values leaves turns of the event loop to others", async (step) => {
  const value = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`field ${i}`, i]));
  // A path of many steps is looked up by the keys of the value.
  const field = Array.from({ length: 400 }, () => "a").join(".");
  const large = thousand.slice(0, 300).map((hit): Found => ({ ...hit, value }));
  const options = step === "decay" ? { decay: { halfLifeDays: 3, field } } : { boost: { field, weight: 1 } };
  expect(await turnsDuring(() => rankAgain(large, sourceOf(options, () => Promise.resolve([]))))).toBeGreaterThan(3);
});

test("a list of scores with holes leaves the order before, and is reported", async () => {
  const rerank = () => Object.assign(new Array<number>(3), { 0: 1, 2: 9 });
  const { found, skipped } = await rankAgain(hits, sourceOf({ rerank }, () => Promise.resolve([])));
  expect(found.map(({ record }) => record.key)).toEqual(["k3", "k2", "k1"]);
  expect(skipped).toMatchObject([{ step: "rerank", reason: "failed", cause: "rerank must return finite numbers, but returned undefined at position 1." }]);
});

test("scores may be a typed array, as models return them", async () => {
  const { found, skipped } = await rankAgain(hits, sourceOf({ rerank: () => Float32Array.of(0.25, 0.5, 1) as unknown as number[] }, () => Promise.resolve([])));
  expect(skipped).toEqual([]);
  expect(found.map(({ score }) => score)).toEqual([1, 0.5, 0.25]);
});

test("a document that a compressor returns twice counts at its first place", async () => {
  const compressor = { compressDocuments: async ([one, two, three]: { pageContent: string; metadata: Record<string, unknown> }[]) => [present(three), present(one), present(three), present(two)] };
  const { found } = await rankAgain(hits, sourceOf({ rerank: compressor }, () => Promise.resolve([])));
  expect(found.map(({ record }) => record.key)).toEqual(["k1", "k3", "k2"]);
});

test("an abort inside a reranker skips the step, and does not count as an abort of the search", async () => {
  const rerank = () => Promise.reject(new AbortError("A search of the reranker was aborted by its caller."));
  const { found, skipped } = await rankAgain(hits, sourceOf({ rerank }, () => Promise.resolve([])));
  expect(found.map(({ record }) => record.key)).toEqual(["k3", "k2", "k1"]);
  expect(skipped).toMatchObject([{ step: "rerank", reason: "failed" }]);
});

test("an abort of the search ends it, and aborts the signal of the reranker", async () => {
  const caller = new AbortController();
  let signal: AbortSignal | undefined;
  const rerank: RankingOptions["rerank"] = (_, __, options) => {
    signal = options.signal;
    caller.abort();
    return new Promise(() => undefined);
  };
  const source = { ...sourceOf({ rerank }, () => Promise.resolve([])), deadline: new Deadline(60_000, [caller.signal]) };
  await expect(rankAgain(hits, source)).rejects.toMatchObject({ code: "ABORTED" });
  expect(signal?.aborted).toBe(true);
});

test("ranking for diversity holds the vectors of 1,000 candidates at most; those after them keep their order", async () => {
  const many = Array.from({ length: 1_500 }, (_, n): Found => ({ ...present(thousand[0]), record: recordOf("a", `k${n}`, { value: { n } }) as LiveRecord, score: 2 - n / 1_000 }));
  let read = 0;
  const { found } = await rankAgain(many, sourceOf({ diversity: { lambda: 0.5 } }, (ids) => {
    read += ids.length;
    return Promise.resolve(ids.map(() => [[1, 0]]));
  }));
  expect(read).toBe(1_000);
  expect(found.map(({ record }) => record.key)).toEqual(many.map(({ record }) => record.key));
});
