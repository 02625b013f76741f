/** A text that an embedding provider rejects fails alone, for any form of the error, without an effect on other callers. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { OpenAIEmbeddings } from "@langchain/openai";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterEach, describe, expect, test } from "vitest";
import { PATIENT } from "../support/patient.ts";

const open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

type Failure = () => unknown;

/** A store whose provider throws `failure` for calls with a text of more than 1,000 characters. */
async function storeWith(failure: Failure, isBad = (text: string): boolean => text.length > 1_000) {
  const calls: string[][] = [];
  const heard: string[] = [];
  const embed = (texts: string[]): number[][] => {
    calls.push(texts);
    if (texts.some(isBad)) throw failure();
    return texts.map(({ length }) => [length, 1]);
  };
  const embeddings = { embedDocuments: async (texts: string[]) => embed(texts), embedQuery: async (text: string) => embed([text])[0] as number[] };
  const store = await ScyllaDBStore.embedded({
    path: ":memory:",
    index: { dims: 2, embeddings, fields: ["text"] },
    retry: { maxAttempts: 2, initialDelayMs: 1 },
  });
  for (const type of ["search-degraded", "breaker-opened"] as const) store.on(type, () => heard.push(type));
  open.push(store);
  return { store, calls, heard };
}

/** Adds a property whose getter throws. */
const throwing = (property: PropertyKey) => (target: object): object =>
  Object.defineProperty(target, property, {
    get() {
      throw new Error("no");
    },
  });

const shapes: Readonly<Record<string, Failure>> = {
  status: () => Object.assign(new Error("too long"), { status: 422 }),
  "status of the cause": () => Object.assign(new Error("too long"), { name: "ContextOverflowError", cause: { status: 400 } }),
  status_code: () => Object.assign(new Error("too long"), { name: "ResponseError", status_code: 400 }),
  statusCode: () => Object.assign(new Error("too long"), { statusCode: 413 }),
  $metadata: () => Object.assign(new Error("too long"), { $metadata: { httpStatusCode: 400 } }),
  "response.status": () => Object.assign(new Error("too long"), { response: { status: 400 } }),
  "a plain error": () => new Error("cannot be embedded"),
  "a 500": () => Object.assign(new Error("internal error"), { status: 500 }),
  "a 451": () => Object.assign(new Error("blocked"), { status: 451 }),
  "a 503": () => Object.assign(new Error("no healthy upstream"), { status: 503 }),
  "a 504": () => Object.assign(new Error("upstream timeout"), { status: 504 }),
  "an object": () => ({ status: 400 }),
  "an object that cannot be described": () => throwing(Symbol.toStringTag)({ status: 400 }),
  "headers that cannot be read": () => ({ status: 400, headers: throwing("get")({}) }),
  "one of several errors": () => new AggregateError([Object.assign(new Error("refused"), { code: "ECONNREFUSED" }), { status: 400 }]),
  "a quoted text that starts with a status": () => new Error('"429 tea" cannot be embedded'),
};

describe.each(Object.entries(shapes))("%s", (_, failure) => {
  test("a rejected text fails only its own put, and many of one user open no circuit", async () => {
    const { store, heard } = await storeWith(failure);
    for (let round = 0; round < 6; round += 1) {
      const outcomes = await Promise.allSettled([
        store.put(["mia"], "k", { text: `tea ${round}` }),
        store.put(["eve"], "k", { text: "x".repeat(2_000 + round) }),
        store.put(["bob"], "k", { text: `coffee ${round}` }),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(outcomes[1]).toMatchObject({ reason: { code: "EMBEDDING", message: expect.stringContaining("Nothing was saved.") as string } });
    }
    for (let round = 0; round < 6; round += 1) await store.search(["eve"], { query: "q".repeat(2_000 + round) }).catch(() => undefined);
    await store.put(["mia"], "last", { text: "good" });
    expect((await store.search(["mia"], { query: "good" })).info).toMatchObject({ mode: "semantic", degraded: false });
    expect(heard.filter((type) => type === "breaker-opened")).toEqual([]);
    expect((await store.health()).embeddings).toEqual({ breaker: "closed" });
  });
});

test.each([6, 12, 60, 115])("of 120 puts in one tick, only the %i that the provider fails for without a status fail", async (count) => {
  const { store, heard } = await storeWith(() => new Error("cannot be embedded"), (text) => text.startsWith("bad"));
  const every = 120 / count;
  const isBad = Array.from({ length: 120 }, (_, i) => Math.floor((i + 1) / every) > Math.floor(i / every));
  const outcomes = await Promise.allSettled(isBad.map((bad, i) => store.put(["u"], `${i}`, { text: `${bad ? "bad" : "good"} ${i}` })));
  expect(outcomes.map(({ status }) => status)).toEqual(isBad.map((bad) => (bad ? "rejected" : "fulfilled")));
  expect(isBad.filter(Boolean)).toHaveLength(count);
  expect(heard).toEqual([]);
});

test("a rejected text is not sent again while it is remembered", async () => {
  const { store, calls } = await storeWith(shapes["statusCode"] as Failure);
  for (let i = 0; i < 3; i += 1) await expect(store.put(["u"], "k", { text: "x".repeat(2_000) })).rejects.toThrow("a text of 2000 characters");
  expect(calls).toHaveLength(1);
});

test.each<[string, (texts: string[]) => unknown]>([
  ["leaves out", (texts) => texts.filter((text) => text !== "bad").map(({ length }) => [length, 1])],
  ["answers with two vectors for", (texts) => texts.flatMap((text) => (text === "bad" ? [[1, 1], [1, 1]] : [[text.length, 1]]))],
  ["leaves out, with holes at the end of the list,", (texts) => Object.assign(Array<number[]>(texts.length), texts.filter((text) => text !== "bad").map(({ length }) => [length, 1]))],
  ["answers with null in the place of others for", (texts) => texts.map(({ length }) => (texts.includes("bad") ? null : [length, 1]))],
  ["answers with null for", (texts) => (texts.includes("bad") ? null : texts.map(({ length }) => [length, 1]))],
  ["answers with a vector of another length for", (texts) => texts.map((text) => (text === "bad" ? [] : [text.length, 1]))],
])("a text that the provider %s fails only its own put", async (_, answer) => {
  const embedDocuments = async (texts: string[]): Promise<number[][]> => answer(texts) as number[][];
  const store = await ScyllaDBStore.embedded({ path: ":memory:", index: { dims: 2, embeddings: { embedDocuments, embedQuery: async () => [1, 1] }, fields: ["text"] } });
  open.push(store);
  for (let round = 0; round < 6; round += 1) {
    const outcomes = await Promise.allSettled([
      store.put(["mia"], "k", { text: `tea ${round}` }),
      store.put(["eve"], "k", { text: "bad" }),
      store.put(["bob"], "k", { text: `coffee ${round}` }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "EMBEDDING", retryable: false, details: { fault: "wrong-answer" } } });
  }
  expect((await store.health()).embeddings).toEqual({ breaker: "closed" });
});

test.each<[string, (vector: number[]) => unknown]>([
  ["whose Symbol.toStringTag throws", () => throwing(Symbol.toStringTag)({})],
  ["whose constructor throws", () => throwing("constructor")({})],
  ["with a number that throws", throwing(0)],
])("a vector %s is reported with a typed error", async (_, vectorOf) => {
  const embed = (text: string): number[] => (text.includes("bad") ? (vectorOf([1, 1]) as number[]) : [1, 1]);
  const embeddings = { embedDocuments: async (texts: string[]) => texts.map(embed), embedQuery: async (text: string) => embed(text) };
  const store = await ScyllaDBStore.embedded({ path: ":memory:", index: { dims: 2, embeddings, fields: ["text"] } });
  open.push(store);
  await store.put(["a"], "k", { text: "tea" });
  const typed = { name: "EmbeddingError", details: { fault: "wrong-answer" } };
  await expect(store.search(["a"], { query: "bad" })).rejects.toMatchObject(typed);
  await expect(store.put(["a"], "k", { text: "bad" })).rejects.toMatchObject(typed);
});

test("a retry-after that the provider sends for one text only pauses no other call", async () => {
  const { store } = await storeWith(() => Object.assign(new Error("internal error"), { status: 500, headers: { "retry-after": "30" } }));
  const error: unknown = await store.put(["eve"], "k", { text: "x".repeat(2_000) }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "EMBEDDING", details: { fault: "suspect-input", characters: 2_000 } });
  expect(error).not.toHaveProperty("details.retryAfterMs");
  await store.put(["mia"], "k", { text: "tea" });
  await store.search(["eve"], { query: "q".repeat(2_000) });
  await store.put(["mia"], "other", { text: "coffee" });
  expect((await store.search(["mia"], { query: "hot tea" })).info).toMatchObject({ mode: "semantic", degraded: false });
});

test("a text without a vector is not sent again while it is remembered", async () => {
  let calls = 0;
  const embedDocuments = async (texts: string[]): Promise<number[][]> => {
    calls += 1;
    return texts.filter((text) => text !== "bad").map(() => [1, 1]);
  };
  const store = await ScyllaDBStore.embedded({ path: ":memory:", index: { dims: 2, embeddings: { embedDocuments, embedQuery: async () => [1, 1] }, fields: ["text"] } });
  open.push(store);
  for (let i = 0; i < 3; i += 1) await expect(store.put(["u"], "k", { text: "bad" })).rejects.toThrow("a text of 3 characters");
  // The text, and a control text.
  expect(calls).toBe(2);
});

test.each([400, 413, 422])("a query rejected with %i rejects its search, without ranking by keywords", async (status) => {
  const { store, heard } = await storeWith(() => ({ status }));
  await store.put(["u"], "k", { text: "tea" });
  await expect(store.search(["u"], { query: "tea ".repeat(1_000) })).rejects.toMatchObject({
    name: "EmbeddingError",
    retryable: false,
    details: { fault: "input", status },
  });
  expect((await store.search(["u"], { query: "tea" })).info).toMatchObject({ mode: "semantic", degraded: false });
  expect(heard).toEqual([]);
});

test.each([401, 403, 404, 408, 429, 503, null])("a provider that answers %s degrades a search to keywords", async (status) => {
  const { store } = await storeWith(() => (status === null ? new Error("down") : { status }), (text) => text !== "tea");
  await store.put(["u"], "k", { text: "tea" });
  const results = await store.search(["u"], { query: "some tea" });
  expect(results.map(({ key }) => key)).toEqual(["k"]);
  expect(results.info).toMatchObject({ mode: "keyword", degraded: true, reason: "embedding-failed" });
});

test("a search during an outage is bounded, for any query and items", async () => {
  const embeddings = { embedDocuments: async (texts: string[]) => texts.map(() => [1, 1]), embedQuery: () => Promise.reject(new Error("down")) };
  const store = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index: { dims: 2, embeddings, keyword: false } });
  open.push(store);
  const words = Array.from({ length: 20_000 }, (_, i) => `word${i}`).join(" ");
  for (let i = 0; i < 5; i += 1) await store.put(["u"], `k${i}`, { words });
  const results = await store.search(["u"], { query: "word ".repeat(1_000) });
  expect(results).toHaveLength(5);
  // 190 KB of words each, of which the first 32 KB are ranked.
  expect(results.info).toMatchObject({ mode: "keyword", degraded: true, truncated: true });
});

/** Speaks the protocol of OpenAI's embeddings: rejects inputs of more than 1,000 characters as OpenAI does. */
async function openAiServer(dims = 2): Promise<{ baseURL: string; requests: string[][] }> {
  const requests: string[][] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { input } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { input: string | string[] };
      const texts = [input].flat();
      requests.push(texts);
      const isTooLong = texts.some(({ length }) => length > 1_000);
      response.writeHead(isTooLong ? 400 : 200, { "content-type": "application/json" });
      const error = { message: "This model's maximum context length is 8192 tokens", type: "invalid_request_error" };
      const data = texts.map((text, index) => ({ object: "embedding", index, embedding: [text.length, ...Array<number>(dims - 1).fill(1)] }));
      response.end(JSON.stringify(isTooLong ? { error } : { object: "list", data }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, requests };
}

test("with OpenAI's client an over-long text fails alone, and an over-long query rejects its search", async () => {
  const { baseURL } = await openAiServer();
  const embeddings = new OpenAIEmbeddings({ apiKey: "test", maxRetries: 0, encodingFormat: "float", configuration: { baseURL } });
  const store = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index: { dims: 2, embeddings, fields: ["text"] } });
  open.unshift(store);
  const outcomes = await Promise.allSettled([
    store.put(["mia"], "k", { text: "tea" }),
    store.put(["eve"], "k", { text: "x".repeat(2_000) }),
    store.put(["bob"], "k", { text: "coffee" }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  await expect(store.search(["eve"], { query: "q".repeat(2_000) })).rejects.toMatchObject({ details: { fault: "input", status: 400 } });
  expect((await store.search(["mia"], { query: "tea" })).info).toMatchObject({ mode: "semantic", degraded: false });
});

test("a list of numbers that OpenAI's client decodes as base64 rejects the put, and the message names encodingFormat", async () => {
  const { baseURL } = await openAiServer(8);
  // Without encodingFormat the client asks for base64. This server ignores that, as several do.
  const embeddings = new OpenAIEmbeddings({ apiKey: "test", maxRetries: 0, configuration: { baseURL } });
  const store = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index: { dims: 8, embeddings, fields: ["text"] } });
  open.unshift(store);
  await expect(store.put(["mia"], "k", { text: "tea" })).rejects.toThrow('2 numbers, but index.dims is 8, which is four times as many: its client may decode a list of numbers as base64. Set encodingFormat: "float"');
});

test.each([
  ["a rejected text", (message: string) => Object.assign(new Error(message), { status: 400, name: "BadRequestError", code: "context_length_exceeded" })],
  ["an outage", (message: string) => Object.assign(new Error(message), { status: 503 })],
  ["refused credentials", (message: string) => Object.assign(new Error(message), { status: 401 })],
  ["an error without a status", (message: string) => new Error(message)],
  ["a text", (message: string) => message],
])("a provider message about %s that quotes the text is in no error message, log line or event", async (_, failureOf) => {
  const lines: string[] = [];
  const write = (fields: object, message: string): void => void lines.push(`${message} ${inspect(fields, { depth: 9 })}`);
  const embed = (text: string): number[] => {
    if (text.includes("hunter2")) throw failureOf(`cannot embed: "${text}"`);
    return [text.length, 1];
  };
  const store = await ScyllaDBStore.embedded({
    path: ":memory:",
    index: {
      dims: 2,
      embeddings: { embedDocuments: async (texts: string[]) => texts.map(embed), embedQuery: async (text: string) => embed(text) },
      fields: ["text"],
    },
    retry: { maxAttempts: 1, initialDelayMs: 1 },
    embeddingFailure: "store-unindexed",
    logger: { debug: write, info: write, warn: write, error: write },
    logLevel: "debug",
  });
  open.push(store);
  for (const type of ["search-degraded", "embedding-postponed", "vector-sync-failed", "intent-dead", "breaker-opened"] as const) {
    store.on(type, (event) => lines.push(inspect(event, { depth: 9 })));
  }
  await store.put(["u"], "k", { text: "my word is hunter2" });
  const failures: unknown[] = [];
  for (let i = 0; i < 8; i += 1) await store.search(["u"], { query: `is it hunter2? ${i}` }).catch((error: unknown) => failures.push(error));
  await store.reconcile();
  expect(lines.join("\n")).toContain("The embedding provider");
  expect(lines.join("\n")).not.toContain("hunter2");
  for (const error of failures) expect((error as Error).message).not.toContain("hunter2");
});

test("no blank text and no blank query is sent to the provider, and a search for one is a listing that is not degraded", async () => {
  const sent: string[] = [];
  const embed = (text: string): number[] => {
    sent.push(text);
    return [1, 1];
  };
  await using store = await ScyllaDBStore.embedded({
    path: ":memory:",
    index: { dims: 2, embeddings: { embedDocuments: async (texts: string[]) => texts.map(embed), embedQuery: async (text: string) => embed(text) }, fields: ["text"] },
  });
  for (const [i, blank] of ["", " ", "\n\t", "\u00a0", "\u200b"].entries()) {
    await store.put(["a"], `${i}`, { text: blank });
    const found = await store.search(["a"], { query: blank });
    expect(found.info, JSON.stringify(blank)).toMatchObject({ mode: "filter", degraded: false });
    expect(found).toHaveLength(i + 1);
  }
  expect(sent).toEqual([]);
});
