/** The two rankings of a hybrid search may come from different moments: a hit of an older write never adds to a newer one. */
import { describe, expect, test } from "vitest";
import { Deadline } from "../../../src/concurrency/deadline.ts";
import { IndexRanking } from "../../../src/core/index-ranking.ts";
import type { Indexing } from "../../../src/core/indexing.ts";
import { Keywords } from "../../../src/core/keywords/keywords.ts";
import { rankingSteps } from "../../../src/core/ranking/steps.ts";
import { ReadBudget } from "../../../src/core/read-budget.ts";
import { SearchModes } from "../../../src/core/search-modes.ts";
import type { SearchResult } from "../../../src/core/found.ts";
import { idText, type ItemId, type LiveRecord } from "../../../src/model/item.ts";
import type { SearchMode } from "../../../src/model/search-mode.ts";
import type { SearchRequest } from "../../../src/model/request.ts";
import type { ItemRepository } from "../../../src/ports/item-repository.ts";
import type { Rankings, VectorHit } from "../../../src/ports/vector-index.ts";
import { recordOf } from "../../../src/testing/records.ts";

const limits = { maxScannedItems: 100, maxFilterTests: 1_000, maxOffset: 100, maxScoredHits: 100, maxReadBytes: 1e9, maxPendingReadBytes: 1e9 };
const OLD = "older write";

const record = (key: string, created: number): LiveRecord => ({ ...(recordOf("a", key, { value: { text: "green tea" }, writeId: `write of ${key}` }) as LiveRecord), created });
const records = ["tea", "milk", "cake"].map((key, i) => record(key, i + 1));
const hit = (key: string, score: number, writeId = `write of ${key}`): VectorHit => ({ namespace: "a", key, writeId, score });

/**
 * Searches where the index answers with these rankings; `answers` of a query by a vector come one after another.
 * `verified` is what reads by id return.
 */
async function search(mode: SearchMode, rankings: Rankings, answers: readonly VectorHit[][] = [], limit = 10, verified: readonly LiveRecord[] = records): Promise<SearchResult & { stale: ItemId[] }> {
  const stale: ItemId[] = [];
  const left = [...answers];
  const indexing = {
    rules: { textsOf: (value: { text: string }) => [value.text] },
    embedder: { query: async () => [1] },
    vectors: { queryBoth: async () => rankings, query: async () => left.shift() ?? [] },
    storedLanguage: () => "english",
    keywords: new Keywords("english"),
    modes: new SearchModes(),
  } as unknown as Indexing;
  const items = {
    get: async (ids: readonly ItemId[]) => ids.map((id) => verified.find((each) => idText(each) === idText(id)) ?? null),
    list: async () => ({ records, next: null }),
    namespacesAfter: async () => ({ paths: [], next: null }),
  } as unknown as ItemRepository;
  const ranking = new IndexRanking({ items, limits: limits as never, onStale: (ids) => stale.push(...ids), reportUnreadable: (faults) => faults.length });
  const request = {
    kind: "search", prefix: "a", scope: "", query: "tea", filter: null, limit, offset: 0, order: "oldest", cursor: null, minScore: null, mode, ranking: null, refreshTtl: null,
    steps: rankingSteps(null, { explain: true }),
  } as unknown as SearchRequest & { steps: ReturnType<typeof rankingSteps> };
  const analyzer = await indexing.keywords.of("english");
  const result = await new ReadBudget(limits).run((reading) =>
    ranking.rank({ request, query: "tea", offset: 0, first: { limit, at: Date.now() }, asked: mode, indexing, reading }, { mode, reason: null }, mode === "semantic" ? null : analyzer, new Deadline(60_000), { step: "index" }),
  );
  return { ...result, stale };
}

const keysOf = (result: SearchResult): string[] => result.found.map(({ record: { key } }) => key);
const partsOf = (result: SearchResult, key: string) => result.found.find(({ record: { key: own } }) => own === key)?.explanation;

describe("hybrid", () => {
  const semantic = [hit("cake", 0.9), hit("milk", 0.5), hit("tea", 0.4)];

  test("terms of an older write do not count for an item, whose hit by similarity is current", async () => {
    const result = await search("hybrid", { semantic, keyword: [hit("tea", 9, OLD), hit("milk", 1)] });
    expect(keysOf(result)[0]).not.toBe("tea");
    expect(partsOf(result, "tea")).toMatchObject({ keyword: null, semantic: { score: 0.4, rank: 3 } });
    expect(keysOf(result).sort()).toEqual(["cake", "milk", "tea"]);
    expect(result.stale).toEqual([{ namespace: "a", key: "tea" }]);
  });

  test("vectors of an older write do not count for an item, whose terms are current", async () => {
    const result = await search("hybrid", { semantic: [hit("tea", 0.9, OLD), ...semantic.slice(1, 2)], keyword: [hit("milk", 3), hit("tea", 1)] });
    expect(keysOf(result)[0]).toBe("milk");
    expect(partsOf(result, "tea")).toMatchObject({ semantic: null, keyword: { score: 1, rank: 2 } });
    expect(keysOf(result).sort()).toEqual(["cake", "milk", "tea"]);
  });

  test("an item that is stale in both rankings is not ranked", async () => {
    const result = await search("hybrid", { semantic: [hit("tea", 0.9, OLD), hit("milk", 0.5)], keyword: [hit("tea", 9, OLD)] });
    // It follows without a score, as its vectors are not those of its record.
    expect(result.found.map(({ record: { key }, score }) => [key, score !== undefined])).toEqual([["milk", true], ["tea", false], ["cake", false]]);
  });
});

test("a second query of the index that finds a newer write ranks the item by it", async () => {
  const first = [hit("tea", 0.9, OLD), hit("milk", 0.5)];
  const second = [hit("milk", 0.5), hit("tea", 0.4), hit("cake", 0.1)];
  const result = await search("semantic", { semantic: [], keyword: [] }, [first, second], 1);
  expect(keysOf(result)).toEqual(["milk"]);
  const all = await search("semantic", { semantic: [], keyword: [] }, [first.concat(hit("cake", 0.1, OLD)), second], 2);
  expect(keysOf(all)).toEqual(["milk", "tea"]);
});

test("an item that was refreshed after its hit had been verified as expired is not returned without a score", async () => {
  const atVerification = records.map((each) => (each.key === "tea" ? { ...each, expiresAt: Date.now() - 1 } : each));
  const result = await search("semantic", { semantic: [], keyword: [] }, [[hit("tea", 0.9), hit("milk", 0.5), hit("cake", 0.1, OLD)]], 10, atVerification);
  expect(result.found.map(({ record: { key }, score }) => [key, score !== undefined])).toEqual([["milk", true], ["cake", false]]);
});
