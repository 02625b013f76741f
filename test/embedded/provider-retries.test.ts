/** A real LangChain client, which retries by itself, in front of a local server that answers with failures. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { OpenAIEmbeddings } from "@langchain/openai";
import { ScyllaDBStore, type Logger } from "langgraph-store-scylladb";
import { expect, onTestFinished, test } from "vitest";

interface FakeProvider {
  readonly baseURL: string;
  /** When requests arrived, by `performance.now()`. */
  readonly arrivals: number[];
}

/** Answers with the statuses in turn, the last one for ever; 200 is a vector of three numbers. */
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

async function storeWith(embeddings: OpenAIEmbeddings, options: object = {}): Promise<ScyllaDBStore> {
  const store = await ScyllaDBStore.embedded({ path: ":memory:", index: { dims: 3, embeddings, fields: ["text"] }, ...options });
  onTestFinished(() => store.stop());
  return store;
}

test.each([429, 500])("a put that the client's own retries used up says that the provider answered %i", async (status) => {
  const { baseURL } = await provider([status], "0.1");
  const store = await storeWith(client(baseURL), { limits: { writeDeadlineMs: 4_000, queryEmbeddingDeadlineMs: 1_000 } });
  const error = await store.put(["a"], "k", { text: "hello" }).then(() => null, (reason: Error) => reason);
  expect(error).toMatchObject({ code: "EMBEDDING", details: { status } });
  // The provider's own text may hold the caller's: it is the cause alone.
  expect(error?.message).not.toContain("Rate limit reached");
  expect(String((error?.cause as Error | undefined)?.message)).toContain("Rate limit reached");
  expect(error?.message).toContain("maxRetries: 0");
});

test("a client that retries by itself is warned of when the store connects; one that does not is not", async () => {
  const { baseURL } = await provider([200], "1");
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const logger: Logger = { debug: quiet, info: quiet, error: quiet, warn: (_fields: object, message: string) => void warnings.push(message) };
  await storeWith(client(baseURL, 0), { logger });
  expect(warnings.filter((text) => text.includes("maxRetries"))).toEqual([]);
  await storeWith(client(baseURL), { logger });
  expect(warnings.filter((text) => text.includes("maxRetries"))).toHaveLength(1);
});

test("the store waits as long as retry-after asks before it tries again", async () => {
  const { baseURL, arrivals } = await provider([429, 200], "1");
  const store = await storeWith(client(baseURL, 0));
  await store.put(["a"], "k", { text: "hello" });
  expect(arrivals).toHaveLength(2);
  expect((arrivals[1] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThanOrEqual(990);
});

test("a retry-after beyond the time of the put fails it at once, with what was asked for", async () => {
  const { baseURL, arrivals } = await provider([429], "3600");
  const store = await storeWith(client(baseURL, 0));
  await expect(store.put(["a"], "k", { text: "hello" })).rejects.toMatchObject({
    code: "EMBEDDING",
    details: { status: 429, retryAfterMs: 3_600_000 },
  });
  expect(arrivals).toHaveLength(1);
});
