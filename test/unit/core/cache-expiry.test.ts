/** How long caches keep what comes from texts of users, also when nothing uses them any more. */
import { LRUCache } from "lru-cache";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { PURGE_INTERVAL_MS, purgedRegularly } from "../../../src/concurrency/cache-expiry.ts";
import { HINT_TTL_MS, Hints } from "../../../src/concurrency/hints.ts";
import { SharedEmbedder } from "../../../src/core/embedding.ts";
import { cacheMinutes } from "../../../src/operator/erase-remains.ts";
import { DividedEmbeddings } from "../../../src/resilience/divided-embeddings.ts";

// One clock for all tests: the timer of the module belongs to it. lru-cache holds the object `performance`, so its method is replaced.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "setInterval", "clearTimeout", "clearInterval", "setImmediate"] });
  vi.spyOn(performance, "now").mockImplementation(() => Date.now());
});
afterAll(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const MINUTE = 60_000;
const STATED_MINUTES = cacheMinutes("servers", 60 * MINUTE);

test("an erasure states the longest lifetime of all caches", () => {
  expect(STATED_MINUTES).toBe(61);
  expect(cacheMinutes("file", 10 * MINUTE)).toBe(61);
  expect(cacheMinutes("servers", null)).toBe((HINT_TTL_MS + PURGE_INTERVAL_MS) / MINUTE);
});

test("the vector of a text leaves the memory of an idle process within the stated time, even if the text was used meanwhile", async () => {
  const provider = { embedDocuments: (texts: string[]) => Promise.resolve(texts.map(() => [1, 0])), embedQuery: () => Promise.resolve([1, 0]) };
  const limits = { maxTextsPerCall: 4, maxCalls: 1, maxWaitingTexts: 100, cacheBytes: 1_000_000, cacheMinutes: 60 };
  const embedder = new SharedEmbedder(new DividedEmbeddings(provider), { dims: 2, metric: "cosine" }, limits);
  const embedded = embedder.documents(["secret"]);
  await vi.advanceTimersByTimeAsync(10);
  await embedded;
  expect(embedder.cached).toBe(1);
  await vi.advanceTimersByTimeAsync(59 * MINUTE);
  await embedder.documents(["secret"]);
  expect(embedder.cached).toBe(1);
  await vi.advanceTimersByTimeAsync((STATED_MINUTES - 59) * MINUTE);
  expect(embedder.cached).toBe(0);
});

test("prefixes and filters in hints leave the memory of an idle process within eleven minutes, even if they were used meanwhile", async () => {
  const hints = new Hints<number>({ max: 10 });
  hints.record("users.mia\n{\"email\":\"mia@example.com\"}", 1);
  await vi.advanceTimersByTimeAsync(9 * MINUTE);
  expect(hints.get("users.mia\n{\"email\":\"mia@example.com\"}")).toBe(1);
  await vi.advanceTimersByTimeAsync(2 * MINUTE);
  expect(hints.isEmpty).toBe(true);
});

test("a cache with a lifetime is purged without calls", async () => {
  const cache = purgedRegularly(new LRUCache<string, string>({ max: 10, ttl: MINUTE }));
  cache.set("k", "text");
  await vi.advanceTimersByTimeAsync(2 * MINUTE + 1);
  expect(cache.size).toBe(0);
});
