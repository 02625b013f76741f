/** A real LangChain client, which retries by itself, in front of a local server that answers with failures. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Embeddings } from "@langchain/core/embeddings";
import { OpenAIEmbeddings } from "@langchain/openai";
import { ScyllaDBStore, type Logger } from "langgraph-store-scylladb";
import { expect, onTestFinished, test } from "vitest";

interface FakeProvider {
  readonly baseURL: string;
  /** When requests arrived, by `performance.now()`. */
  readonly arrivals: number[];
}

/** Answers with the statuses in turn, then always with the last; 200 returns a vector of three numbers. */
async function provider(statuses: readonly number[], retryAfter: string): Promise<FakeProvider> {
  const arrivals: number[] = [];
  const server = createServer((request, response) => {
    arrivals.push(performance.now());
    const status = statuses[Math.min(arrivals.length, statuses.length) - 1] ?? 500;
    response.writeHead(status, { "content-type": "application/json", "retry-after": retryAfter });
    request.resume().on("end", () =>
      response.end(
        JSON.stringify(
          status === 200
            ? { object: "list", model: "m", data: [{ object: "embedding", index: 0, embedding: [1, 2, 3] }], usage: { prompt_tokens: 1, total_tokens: 1 } }
            : { error: { message: "Rate limit reached for text-embedding-3-small" } },
        ),
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  }));
  return { baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, arrivals };
}

function client(baseURL: string, maxRetries?: number): OpenAIEmbeddings {
  const retries = maxRetries === undefined ? {} : { maxRetries };
  return new OpenAIEmbeddings({ apiKey: "k", encodingFormat: "float", ...retries, configuration: { baseURL } });
}

/** The form of LangChain's `CacheBackedEmbeddings`: it has a caller with retries, which it does not use. */
class WrappedEmbeddings extends Embeddings {
  readonly underlyingEmbeddings: Embeddings;

  constructor(underlyingEmbeddings: Embeddings) {
    super({});
    this.underlyingEmbeddings = underlyingEmbeddings;
  }

  embedDocuments(texts: string[]): Promise<number[][]> {
    return this.underlyingEmbeddings.embedDocuments(texts);
  }

  embedQuery(text: string): Promise<number[]> {
    return this.underlyingEmbeddings.embedQuery(text);
  }
}

const twiceWrapped = (baseURL: string): Embeddings => new WrappedEmbeddings(new WrappedEmbeddings(client(baseURL)));

async function storeWith(embeddings: Embeddings, options: object = {}): Promise<ScyllaDBStore> {
  const store = await ScyllaDBStore.embedded({ path: ":memory:", index: { dims: 3, embeddings, fields: ["text"] }, ...options });
  onTestFinished(() => store.stop());
  return store;
}

test.each([
  [429, "", client],
  [500, "", client],
  [429, ", for a client in a wrapper", twiceWrapped],
  [500, ", for a client in a wrapper", twiceWrapped],
])("a put whose deadline the client's retries used up reports the provider's status %i%s", async (status, _, clientOf) => {
  const { baseURL } = await provider([status], "0.1");
  const store = await storeWith(clientOf(baseURL), { limits: { writeDeadlineMs: 4_000, queryEmbeddingDeadlineMs: 1_000 } });
  const error = await store.put(["a"], "k", { text: "hello" }).then(() => null, (reason: Error) => reason);
  expect(error).toMatchObject({ code: "EMBEDDING", details: { status } });
  // The provider's message can quote the caller's text, so it is only in the cause.
  expect(error?.message).not.toContain("Rate limit reached");
  expect(String((error?.cause as Error | undefined)?.message)).toContain("Rate limit reached");
  expect(error?.message).toContain("maxRetries: 0");
});

test.each([
  ["the retries of its client", undefined, 2_000],
  ["the store's own retries", 0, 3_000],
])("a put with a short deadline that was used up by %s says what the provider answered", async (_which, maxRetries, writeDeadlineMs) => {
  const { baseURL } = await provider([429], "0.2");
  const store = await storeWith(client(baseURL, maxRetries), {
    limits: { writeDeadlineMs },
    retry: { maxAttempts: 100, initialDelayMs: 100, maxDelayMs: 200 },
    breaker: { failures: 1_000 },
  });
  const error = await store.put(["a"], "k", { text: "hello" }).then(() => null, (reason: Error) => reason);
  expect(error).toMatchObject({ code: "EMBEDDING", retryable: true, details: { status: 429, fault: "rate-limit" } });
  expect(error?.message).toContain("Nothing was saved");
  expect(error?.message).not.toContain("Rate limit reached");
});

test("a client with its own retries logs a warning when the store connects; one without does not", async () => {
  const { baseURL } = await provider([200], "1");
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const logger: Logger = { debug: quiet, info: quiet, error: quiet, warn: (_fields: object, message: string) => void warnings.push(message) };
  await storeWith(client(baseURL, 0), { logger });
  expect(warnings.filter((text) => text.includes("maxRetries"))).toEqual([]);
  await storeWith(client(baseURL), { logger });
  expect(warnings.filter((text) => text.includes("maxRetries"))).toHaveLength(1);
});

test("the warning about retries names the client in a wrapper, whose own retries are not used", async () => {
  const { baseURL } = await provider([200], "1");
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const logger: Logger = { debug: quiet, info: quiet, error: quiet, warn: (_fields: object, message: string) => void warnings.push(message) };
  await storeWith(new WrappedEmbeddings(client(baseURL, 0)), { logger });
  expect(warnings.filter((text) => text.includes("maxRetries"))).toEqual([]);
  await storeWith(twiceWrapped(baseURL), { logger });
  expect(warnings.filter((text) => text.includes("maxRetries"))).toEqual([expect.stringContaining("(OpenAIEmbeddings)") as string]);
});

test("a wrapper that wraps itself is no endless loop", async () => {
  const { baseURL } = await provider([200], "1");
  const wrapper = new WrappedEmbeddings(client(baseURL));
  Object.assign(wrapper, { underlyingEmbeddings: wrapper, embedDocuments: (texts: string[]) => client(baseURL).embedDocuments(texts) });
  const store = await storeWith(wrapper);
  await store.put(["a"], "k", { text: "hello" });
  expect(await store.get(["a"], "k")).not.toBeNull();
});

test("the store waits for retry-after before it retries", async () => {
  const { baseURL, arrivals } = await provider([429, 200], "1");
  const store = await storeWith(client(baseURL, 0));
  await store.put(["a"], "k", { text: "hello" });
  expect(arrivals).toHaveLength(2);
  expect((arrivals[1] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThanOrEqual(990);
});

test("a retry-after beyond the deadline of a put fails it at once, with details.retryAfterMs", async () => {
  const { baseURL, arrivals } = await provider([429], "3600");
  const store = await storeWith(client(baseURL, 0));
  await expect(store.put(["a"], "k", { text: "hello" })).rejects.toMatchObject({
    code: "EMBEDDING",
    details: { status: 429, retryAfterMs: 3_600_000 },
  });
  expect(arrivals).toHaveLength(1);
});

test("retry-after holds back the other calls of the same provider, which are then made within their deadlines", async () => {
  const { baseURL, arrivals } = await provider([429, 200], "2");
  const store = await storeWith(client(baseURL, 0), { limits: { queryEmbeddingDeadlineMs: 8_000 } });
  const first = store.put(["a"], "first", { text: "hello" });
  await expect.poll(() => arrivals.length, { interval: 5 }).toBe(1);
  // The answer of the provider has arrived once the store has counted a retry.
  await expect.poll(() => store.stats().services.embeddings.retries, { interval: 5 }).toBe(1);
  const others = [store.put(["a"], "second", { text: "good morning" }), store.search(["a"], { query: "good evening" })];
  await Promise.all([first, ...others]);
  const [start = 0, ...later] = arrivals;
  expect(later.length).toBeGreaterThanOrEqual(3);
  for (const at of later) expect(at - start).toBeGreaterThanOrEqual(1_990);
});

test("while the provider asks for a pause that is longer than a call has, the call is answered at once without a request", async () => {
  const { baseURL, arrivals } = await provider([429], "3600");
  const store = await storeWith(client(baseURL, 0));
  await store.put(["a"], "stored", { text: "hello" }, false);
  await expect(store.put(["a"], "k", { text: "hello" })).rejects.toMatchObject({ code: "EMBEDDING" });
  const error = await store.put(["a"], "other", { text: "good morning" }).then(() => null, (reason: Error) => reason);
  expect(error).toMatchObject({ code: "EMBEDDING", retryable: true, details: { status: 429, fault: "rate-limit" } });
  const { retryAfterMs } = (error as Error & { details: { retryAfterMs: number } }).details;
  expect(retryAfterMs).toBeGreaterThan(0);
  const found = await store.search(["a"], { query: "good evening" });
  expect(found.map(({ key }) => key)).toEqual(["stored"]);
  expect(found.info.degraded).toBe(true);
  expect(arrivals).toHaveLength(1);
});

test("a put that waited in vain for the end of such a pause says what the provider answered", async () => {
  const { baseURL, arrivals } = await provider([429], "6");
  const store = await storeWith(client(baseURL, 0), { limits: { writeDeadlineMs: 3_000, queryEmbeddingDeadlineMs: 30_000 } });
  const first = store.put(["a"], "first", { text: "hello" }).then(() => null, (reason: Error) => reason);
  await expect.poll(() => store.stats().services.embeddings.retries, { interval: 5 }).toBe(1);
  const second = await store.put(["a"], "second", { text: "good morning" }).then(() => null, (reason: Error) => reason);
  for (const error of [await first, second]) expect(error).toMatchObject({ code: "EMBEDDING", details: { status: 429, fault: "rate-limit" } });
  expect(arrivals).toHaveLength(1);
});
