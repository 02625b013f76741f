import { LOCAL_EMBEDDINGS_DIMS, LocalEmbeddings } from "langgraph-store-scylladb/local-embeddings";
import { expect, test } from "vitest";

const WORDS = "The user walks in the mountains, drinks tea and works on databases. ";

/** Returns the number of turns of the event loop until a promise settles. */
async function turnsUntil(settled: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const over = settled.finally(() => (isOver = true));
  while (!isOver) {
    await new Promise(setImmediate);
    turns += 1;
  }
  await over;
  return turns;
}

test("the event loop runs while a long text is embedded", async () => {
  const embeddings = new LocalEmbeddings();
  await embeddings.embedQuery("load the model");
  expect(await turnsUntil(embeddings.embedDocuments(Array<string>(8).fill(WORDS.repeat(100))))).toBeGreaterThan(200);
});

test("a text of 200 KB is embedded by its beginning, which the model reads", async () => {
  const embeddings = new LocalEmbeddings();
  const [long, start] = await embeddings.embedDocuments([WORDS.repeat(3_000), WORDS.repeat(10)]);
  expect(long).toHaveLength(LOCAL_EMBEDDINGS_DIMS);
  long?.forEach((number, i) => expect(number).toBeCloseTo(start?.[i] ?? NaN, 5));
});

test("a text that Unicode normalization expands 18-fold costs about as much as an ordinary long text", async () => {
  const embeddings = new LocalEmbeddings();
  await embeddings.embedQuery("load the model");
  const costOf = async (text: string): Promise<number> => {
    const startedAt = performance.now();
    await embeddings.embedQuery(text);
    return performance.now() - startedAt;
  };
  const [ordinary, expanded]: [number[], number[]] = [[], []];
  for (let i = 0; i < 3; i += 1) {
    ordinary.push(await costOf(WORDS.repeat(100)));
    expanded.push(await costOf("\ufdfa".repeat(2_000)));
  }
  expect(Math.min(...expanded)).toBeLessThan(10 * Math.min(...ordinary));
});

test("an empty text has a vector, alone and at each position of a list", async () => {
  const embeddings = new LocalEmbeddings();
  const alone = await embeddings.embedQuery("");
  expect(alone).toHaveLength(LOCAL_EMBEDDINGS_DIMS);
  expect(alone.every(Number.isFinite)).toBe(true);
  for (const texts of [["tea", ""], ["", "tea"], ["tea", "", "tea"], ["", ""], ["tea", "\u200b"]]) {
    const vectors = await embeddings.embedDocuments(texts);
    expect(vectors.map(({ length }) => length)).toEqual(texts.map(() => LOCAL_EMBEDDINGS_DIMS));
  }
  expect(await embeddings.embedDocuments([])).toEqual([]);
});

test("concurrent calls receive the vectors of their own texts", async () => {
  const embeddings = [new LocalEmbeddings(), new LocalEmbeddings()];
  const texts = ["tea", "mountains", "databases"];
  const expected = await Promise.all(texts.map((text) => new LocalEmbeddings().embedQuery(text)));
  const found = await Promise.all(embeddings.map((each) => each.embedDocuments(texts)));
  for (const vectors of found) vectors.forEach((vector, n) => vector.forEach((number, i) => expect(number).toBeCloseTo(expected[n]?.[i] ?? NaN, 5)));
});

test("a value that is not a string is rejected with its kind", async () => {
  const embeddings = new LocalEmbeddings();
  await expect(embeddings.embedQuery(undefined as unknown as string)).rejects.toThrow("must be a string, but got undefined");
  await expect(embeddings.embedDocuments([7] as unknown as string[])).rejects.toThrow("must be a string, but got number");
  const sparse = Object.assign(new Array<string>(2), { 1: "tea" });
  await expect(embeddings.embedDocuments(sparse)).rejects.toThrow("must be a string, but got undefined");
  await expect(embeddings.embedDocuments("tea" as unknown as string[])).rejects.toThrow("expects an array of texts, but got string");
});
