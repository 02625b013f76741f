/** Ranking by the index: by vectors, by terms, or by both. Every hit is verified against its record. */
import type { Deadline } from "../concurrency/deadline.ts";
import type { StoreError } from "../model/errors.ts";
import type { ItemId, LiveRecord } from "../model/item.ts";
import { toLabels } from "../model/namespace.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import { candidatesOf, type Candidates, type Progress } from "./candidates.ts";
import { encodeCursor } from "./cursor.ts";
import type { Found, SearchLimits, SearchResult, SkippedStep } from "./found.ts";
import { ItemsOfCall } from "./items-of-call.ts";
import type { Analyzer } from "./keywords/analyzer.ts";
import { readPage, type Page } from "./page.ts";
import { partsOf } from "./ranking/explain.ts";
import { rankAgain } from "./ranking/rank-again.ts";
import { changesOrder } from "./ranking/steps.ts";
import { RankedHits } from "./ranked-hits.ts";
import type { RankedSearch, RankingWay } from "./ranked-search.ts";

/** What a ranking depends on. */
export interface IndexRankingOptions {
  readonly items: ItemRepository;
  readonly limits: SearchLimits;
  /** Called with items whose stored vectors are not those of their record. */
  readonly onStale: (ids: readonly ItemId[]) => void;
  /** Reports values that could not be decoded and returns their number. */
  readonly reportUnreadable: (faults: readonly StoreError[]) => number;
}

/** Offset of a page, and how many results it still needs. */
interface Missing {
  readonly offset: number;
  readonly count: number;
}

/** Parts of an explanation where nothing is ranked again. */
const NO_STEPS = { decay: null, boost: null, rerank: null, diversity: null } as const;

/** The part without scores of a page that needs none. */
const NO_FILL = { found: [], faults: [], more: false, truncated: false } as const;

/** Ranks searches. */
export class IndexRanking {
  readonly #options: IndexRankingOptions;

  constructor(options: IndexRankingOptions) {
    this.#options = options;
  }

  /**
   * Ranks a search.
   *
   * @param analyzer - for the terms in the index; null for semantic ranking
   * @throws {RankingFailed} when the provider or the index cannot answer.
   */
  async rank(search: RankedSearch, way: RankingWay, analyzer: Analyzer | null, deadline: Deadline, progress: Progress): Promise<SearchResult> {
    const { request, offset, reading } = search;
    const { limits, onStale } = this.#options;
    const items = new ItemsOfCall(this.#options.items, deadline);
    const candidates = await candidatesOf(search, { mode: way.mode, analyzer, maxHits: limits.maxScoredHits, deadline, progress });
    // `minScore` refers to scores of the requested mode, which a fallback does not have.
    const minScore = isFallback(way) ? null : request.minScore;
    const hits = new RankedHits({ best: candidates.best, items, request, minScore, reading, maxHits: limits.maxScoredHits, onStale });
    const { list, isWhole, skipped } = await this.#list(search, way, { hits, candidates, deadline });
    const scored = list.slice(offset, offset + request.limit);
    const hasNext = list.length > offset + request.limit;
    // Items without a score cannot reach a lowest score.
    const isComplete = isWhole && !candidates.isCut();
    const fills = !hasNext && isComplete && request.minScore === null;
    const fill = fills ? await this.#fill(search, way, { hits, candidates, items, analyzer, deadline }, { offset, count: request.limit - scored.length }) : NO_FILL;
    return this.#resultOf(search, way, { hits, scored, hasNext, isComplete, skipped }, fill);
  }

  /** Returns the verified hits of the requested page and before it; those of the entire pool where they are ranked again. */
  async #list(
    { request, query, offset, first, indexing }: RankedSearch,
    { mode }: RankingWay,
    { hits, candidates, deadline }: { readonly hits: RankedHits; readonly candidates: Candidates; readonly deadline: Deadline },
  ): Promise<{ readonly list: readonly Found[]; readonly isWhole: boolean; readonly skipped: readonly SkippedStep[] }> {
    const { steps, scope, limit } = request;
    const partsOfHit = (hit: Found, rank: number) => partsOf(mode, candidates.parts(), hit, rank);
    if (steps === null || !changesOrder(steps)) {
      await hits.fetch(offset + limit + 1);
      const list = steps?.explain ? hits.found.map((hit, i) => ({ ...hit, explanation: { ...partsOfHit(hit, i + 1), ...NO_STEPS } })) : hits.found;
      return { list, isWhole: hits.exhausted, skipped: [] };
    }
    const pool = Math.max(steps.pool, first.limit);
    await hits.fetch(pool + 1);
    const { found, skipped } = await rankAgain(hits.found.slice(0, pool), {
      query,
      steps,
      vectors: indexing.vectors,
      partsOf: partsOfHit,
      depth: toLabels(scope).length,
      textOf: ({ record, value }) => indexing.rules.textsOf(value, record.namespace, record.index).join("\n"),
      deadline,
      now: first.at,
    });
    return { list: found, isWhole: hits.exhausted && hits.found.length <= pool, skipped };
  }

  #resultOf(
    { request, offset, first, asked }: RankedSearch,
    way: RankingWay,
    { hits, scored, hasNext, isComplete, skipped }: {
      readonly hits: RankedHits;
      readonly scored: readonly Found[];
      readonly hasNext: boolean;
      readonly isComplete: boolean;
      readonly skipped: readonly SkippedStep[];
    },
    fill: Pick<Page, "found" | "faults" | "more" | "truncated">,
  ): SearchResult {
    const { limits, reportUnreadable } = this.#options;
    const { mode, reason } = way;
    const found = [...(isFallback(way) ? scored.map(withoutScore) : scored), ...fill.found];
    const next = offset + found.length;
    // If filling stopped at its limit, the next page would stop at the same place.
    const hasCursor = (hasNext || fill.more) && !fill.truncated && next > 0 && next <= limits.maxOffset;
    return {
      found,
      info: {
        mode,
        source: "index",
        degraded: reason !== null,
        reason,
        unreadable: reportUnreadable([...hits.faults, ...fill.faults]),
        truncated: !hasNext && (!isComplete || fill.truncated),
        ...(skipped.length === 0 ? {} : { skipped }),
        cursor: hasCursor ? encodeCursor({ kind: "ranked", by: mode, offset: next, first }, request, asked) : null,
      },
    };
  }

  /** Reads items without a score, which follow all items with one, in listing order. */
  async #fill(
    { request, reading, indexing }: RankedSearch,
    way: RankingWay,
    { hits, candidates, items, analyzer, deadline }: {
      readonly hits: RankedHits;
      readonly candidates: Candidates;
      readonly items: ItemRepository;
      readonly analyzer: Analyzer | null;
      readonly deadline: Deadline;
    },
    { offset, count }: Missing,
  ): Promise<Page> {
    const { prefix, order, filter } = request;
    const { maxScannedItems: maxScanned, maxFilterTests: maxTests } = this.#options.limits;
    const skip = Math.max(0, offset - hits.found.length);
    const { terms } = candidates;
    // In a fallback, all other items follow, too: similarity would have ranked them.
    const showsAll = isFallback(way);
    /** Indexed items without a term of the query are no results. Those with one have terms that are not in the index yet. */
    const isUnrelated = (record: LiveRecord): boolean | Promise<boolean> => {
      if (terms === null || analyzer === null || record.vectorCount === 0 || showsAll) return false;
      const texts = indexing.rules.textsOf(decodeValue(record.value), record.namespace, record.index);
      // Without texts here, the record has vectors in another generation.
      if (texts.length === 0) return false;
      const counted = analyzer.countInSteps(texts);
      return "then" in counted ? counted.then(({ counts }) => !hasTerm(counts, terms)) : !hasTerm(counted.counts, terms);
    };
    return readPage(items, {
      walk: { prefix, order, after: null, expected: skip + count + 1, ...(showsAll ? {} : { unscoredAnd: hits.pending }) },
      filter,
      reading,
      offset: skip,
      limit: count,
      maxScanned,
      maxTests,
      deadline,
      leaveOut: (record) => hits.has(record) || isUnrelated(record),
    });
  }
}

function hasTerm(counts: ReadonlyMap<number, number>, terms: ReadonlySet<number>): boolean {
  for (const term of terms) if (counts.has(term)) return true;
  return false;
}

/** Returns whether a ranking by keywords is the fallback of one that includes similarity. */
function isFallback({ mode, reason }: RankingWay): boolean {
  return mode === "keyword" && reason !== null;
}

/** Removes the score, which is not a score of the requested mode. */
function withoutScore(found: Found): Found {
  return { ...found, score: undefined };
}
