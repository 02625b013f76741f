import { describe, expect, test } from "vitest";
import { SharedEmbedder } from "../../../src/core/embedding.ts";
import { DividedEmbeddings } from "../../../src/resilience/divided-embeddings.ts";
import { EmbeddingError } from "../../../src/model/errors.ts";
import type { EmbeddingsLike } from "../../../src/ports/embedder.ts";

const SHAPE = { dims: 2, metric: "cosine" } as const;
const limits = { maxTextsPerCall: 4, maxCalls: 1, maxWaitingTexts: 1_000, cacheBytes: 1_000_000, cacheMinutes: 60 };

/** An embedding provider whose vectors are the length and first character code of a text. */
function provider(): EmbeddingsLike & { calls: string[][] } {
  const calls: string[][] = [];
  const vector = (text: string): number[] => [text.length, text.charCodeAt(0)];
  return {
    calls,
    async embedDocuments(texts) {
      calls.push(texts);
      await Promise.resolve();
      return texts.map(vector);
    },
    async embedQuery(text) {
      calls.push([text]);
      await Promise.resolve();
      return vector(text);
    },
  };
}

describe("embedding documents", () => {
  test("embeds each distinct text once and returns vectors in order", async () => {
    const embeddings = provider();
    const embedder = new SharedEmbedder(new DividedEmbeddings(embeddings), SHAPE, limits);
    expect(await embedder.documents(["aa", "b", "aa"])).toEqual([[2, 97], [1, 98], [2, 97]]);
    expect(await embedder.documents(["b", "ccc"])).toEqual([[1, 98], [3, 99]]);
    expect(embeddings.calls).toEqual([["aa", "b"], ["ccc"]]);
  });

  test("shares calls between callers", async () => {
    const embeddings = provider();
    const embedder = new SharedEmbedder(new DividedEmbeddings(embeddings), SHAPE, { ...limits, cacheBytes: 0 });
    await Promise.all(["a", "b", "c", "d", "e", "f"].map((text) => embedder.documents([text])));
    expect(embeddings.calls).toEqual([["a", "b", "c", "d"], ["e", "f"]]);
  });

  test("does not embed a text again while a call for it is in flight", async () => {
    const embeddings = provider();
    const embedder = new SharedEmbedder(new DividedEmbeddings(embeddings), SHAPE, { ...limits, cacheBytes: 0, maxCalls: 4 });
    await Promise.all(Array.from({ length: 10 }, () => embedder.documents(["a", "b"])));
    expect(embeddings.calls).toEqual([["a", "b"]]);
  });

  test("makes no call for no texts", async () => {
    const embeddings = provider();
    expect(await new SharedEmbedder(new DividedEmbeddings(embeddings), SHAPE, limits).documents([])).toEqual([]);
    expect(embeddings.calls).toEqual([]);
  });
});

test("a query of many concurrent callers is embedded once, separately from a document of the same text", async () => {
  const embeddings = provider();
  const embedder = new SharedEmbedder(new DividedEmbeddings(embeddings), SHAPE, limits);
  await embedder.documents(["q"]);
  await Promise.all([embedder.query("q"), embedder.query("q"), embedder.query("q")]);
  await embedder.query("q");
  expect(embeddings.calls).toEqual([["q"], ["q"]]);
});

describe("an invalid provider response is an error, never a wrong vector", () => {
  const failing = (documents: () => unknown): SharedEmbedder =>
    new SharedEmbedder(
      new DividedEmbeddings({ embedDocuments: async () => documents() as number[][], embedQuery: async () => documents() as number[] }),
      SHAPE,
      limits,
    );

  test.each([
    ["a wrong length", () => [[1, 2, 3]], "vector of 3 numbers, but index.dims is 2"],
    ["a typed array of a wrong length", () => [Float32Array.of(1, 2, 3)], "vector of 3 numbers (Float32Array), but index.dims is 2"],
    ["too few vectors", () => [], "0 vectors"],
    ["no list", () => null, "null, which is no list of vectors"],
    ["one vector instead of a list", () => Float32Array.of(1, 2), "Float32Array, which is no list of vectors"],
    ["a list of numbers", () => [1], "number instead of a vector"],
    ["nested vectors", () => [[[1, 2]]], "array of 1 elements, the first of which is array, instead of a vector"],
    ["bytes without a type", () => [new DataView(new ArrayBuffer(16))], "DataView instead of a vector"],
    ["a number that is not finite", () => [[1, Number.NaN]], "number 1 is not finite in single precision, or no number: NaN"],
    ["a number beyond single precision", () => [[1e39, 1]], "number 0 is not finite in single precision, or no number: 1e+39"],
    ["a text for a number", () => [["0.1", "0.2"]], "or no number: string"],
    ["a hole", () => [Object.assign([], { length: 2, 0: 1 })], "or no number: undefined"],
    ["bigints", () => [BigInt64Array.of(1n, 2n)], "or no number: bigint"],
  ])("%s", async (_, answer, message) => {
    const outcome = failing(answer).documents(["x"]);
    await expect(outcome).rejects.toThrow(EmbeddingError);
    await expect(outcome).rejects.toMatchObject({ retryable: false, message: expect.stringContaining(message) as string });
  });

  test("typed arrays are accepted and copied, because some libraries reuse their memory", async () => {
    const memory = Float32Array.of(0.5, -1);
    const embedder = failing(() => [memory]);
    const [vector] = await embedder.documents(["x"]);
    memory.fill(0);
    expect(vector).toEqual([0.5, -1]);
    for (const List of [Float64Array, Float32Array, Int8Array]) {
      expect(await failing(() => List.of(1, 2) as unknown as number[]).query("x")).toEqual([1, 2]);
    }
  });

  test("an unusable vector fails only its own text", async () => {
    const embedder = failing(() => [[1, 2], [1, Number.NaN], [3, 4]]);
    const outcomes = await Promise.allSettled(["a", "b", "c"].map((text) => embedder.documents([text])));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("an outage is retryable, a rejection is not", async () => {
    const throwing = (status?: number): SharedEmbedder =>
      failing(() => {
        throw Object.assign(new Error("no"), status === undefined ? {} : { status });
      });
    await expect(throwing().documents(["x"])).rejects.toMatchObject({ code: "EMBEDDING", retryable: true });
    await expect(throwing(429).query("x")).rejects.toMatchObject({ retryable: true });
    await expect(throwing(400).query("x")).rejects.toMatchObject({ retryable: false });
  });

  test("a rejected text fails alone and is not sent again for a while", async () => {
    const calls: string[][] = [];
    const provider = new DividedEmbeddings({
      embedQuery: async () => {
        throw Object.assign(new Error("too long"), { status: 400 });
      },
      async embedDocuments(texts) {
        await Promise.resolve();
        calls.push(texts);
        if (texts.includes("too long")) throw Object.assign(new Error("too long"), { status: 400 });
        return texts.map(() => [1, 1]);
      },
    });
    const embedder = new SharedEmbedder(provider, SHAPE, limits);
    const outcomes = await Promise.allSettled(["a", "b", "too long", "c"].map((text) => embedder.documents([text])));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(calls).toEqual([["a", "b", "too long", "c"], ["a", "b"], ["too long", "c"], ["too long"], ["c"]]);
    const again = embedder.documents(["too long"]);
    await expect(again).rejects.toMatchObject({ code: "EMBEDDING", retryable: false, details: { fault: "input", status: 400, characters: 8 } });
    expect(calls).toHaveLength(5);
    // A query is a separate call with its own outcome.
    await expect(embedder.query("too long")).rejects.toThrow("rejected a text of 8 characters");
  });

  test("a wrong vector fails alone, and no text is sent again", async () => {
    let calls = 0;
    const provider = new DividedEmbeddings({
      embedQuery: async () => [1, 1],
      embedDocuments: async (texts) => {
        calls += 1;
        return texts.map((text) => (text === "bad" ? [1] : [1, 1]));
      },
    });
    const embedder = new SharedEmbedder(provider, SHAPE, limits);
    const outcomes = await Promise.allSettled(["a", "bad", "c"].map((text) => embedder.documents([text])));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(calls).toBe(1);
  });
});
