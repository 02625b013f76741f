/**
 * Searches. With a query and an index, items are ranked by similarity, by keywords or by both, followed by items without a score.
 * If the provider does not answer, the index ranks by keywords; if the index does not answer, records are read and ranked by
 * keywords; `info` reports it. Without a query, items are listed in stable order. Every result is a record that was read and
 * matched against the filter here.
 */
import type { Deadline } from "../concurrency/deadline.ts";
import type { DegradedReason } from "../model/degraded-reason.ts";
import { isStoreError, ValidationError, type StoreError } from "../model/errors.ts";
import type { ItemId } from "../model/item.ts";
import type { SearchRequest } from "../model/request.ts";
import type { SearchMode } from "../model/search-mode.ts";
import type { Events } from "../ports/events.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import { encodeCursor, listingDigest } from "./cursor.ts";
import type { DegradedState } from "./degraded-state.ts";
import type { SearchLimits, SearchResult } from "./found.ts";
import { MatchRates } from "./match-rates.ts";
import type { Progress } from "./candidates.ts";
import { IndexRanking } from "./index-ranking.ts";
import type { Generations } from "./generations.ts";
import type { Indexing } from "./indexing.ts";
import { ItemsOfCall } from "./items-of-call.ts";
import type { Analyzer } from "./keywords/analyzer.ts";
import { OwnItems } from "./own-items.ts";
import { readPage } from "./page.ts";
import type { PagePositions } from "./page-positions.ts";
import type { RankedSearch, RankingWay } from "./ranked-search.ts";
import { rankingSteps } from "./ranking/steps.ts";
import { RankingFailed } from "./ranking-failed.ts";
import type { Reading } from "./read-budget.ts";
import { rankRecords } from "./record-ranking.ts";
import { planSearch, type SearchPlan } from "./search-plan.ts";

/** What a searcher needs of its store. */
export interface SearcherOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly generations: Generations | null;
  readonly limits: SearchLimits;
  readonly events: Events;
  /** Receives the items whose stored vectors are of another write than their record. */
  readonly onStale: (ids: readonly ItemId[]) => void;
  readonly degraded: DegradedState;
  /** Hints on where pages start, which writes of the store drop. */
  readonly positions: PagePositions;
  readonly observer?: Observer | undefined;
}

/** Share of the remaining time for each ranking by the index; the rest is for the fallback. */
const RANKING_SHARE = 0.5;

/** The info of a search that is not degraded. */
const PLAIN = { degraded: false, reason: null, unreadable: 0 } as const;

/** Answers searches. */
export class Searcher {
  readonly #options: SearcherOptions;
  readonly #rates = new MatchRates();
  readonly #own = new OwnItems();
  readonly #ranking: IndexRanking;

  constructor(options: SearcherOptions) {
    this.#options = options;
    const { items, limits, onStale } = options;
    this.#ranking = new IndexRanking({ items, limits, onStale, reportUnreadable: this.#reportUnreadable });
  }

  /**
   * @param deadline - once exceeded, no further request starts
   * @param reading - counts the bytes of the call that the search belongs to
   */
  async search(given: SearchRequest, deadline: Deadline, reading: Reading): Promise<SearchResult> {
    const { generations, limits } = this.#options;
    const indexing = generations?.active ?? null;
    const asked = indexing === null ? null : modeOf(given, indexing);
    const request = { ...given, steps: rankingSteps(indexing?.modes.ranking ?? null, given.ranking) };
    const plan = planSearch(request, asked, limits.maxOffset);
    if (request.limit === 0) {
      const [mode, source] = plan.mode === "records" ? (["keyword", "records"] as const) : ([plan.mode, "index"] as const);
      return { found: [], info: { mode, source: mode === "filter" ? "records" : source, ...PLAIN, truncated: false, cursor: request.cursor } };
    }
    if (plan.mode === "filter" || indexing === null || asked === null) return this.#list(request, plan, deadline, reading);
    const { query, offset, first } = plan;
    const search: RankedSearch = { request, query, offset, first, asked, indexing, reading };
    if (plan.mode === "records") return this.#byRecords(search, "continues-degraded", deadline);
    if (plan.mode === asked) return this.#byRequestedMode(search, deadline);
    return this.#byKeywords(search, "continues-degraded", deadline);
  }

  async #list(request: SearchRequest, plan: SearchPlan, deadline: Deadline, reading: Reading): Promise<SearchResult> {
    const { prefix, order, limit, filter } = request;
    const { offset } = plan;
    // A cursor determines the start. The first page is always read, which is cheap, so that it is current.
    const positions = request.cursor === null ? this.#options.positions.below(prefix) : null;
    const readAt = performance.now();
    const skipping = offset > 0 ? listingDigest(request) : null;
    const from = positions === null || skipping === null ? null : positions.nearest(skipping, offset);
    const preceding = from?.offset ?? 0;
    const page = await readPage(new ItemsOfCall(this.#options.items, deadline), {
      walk: {
        prefix,
        order,
        after: from?.place ?? (plan.mode === "filter" ? plan.after : null),
        expected: this.#rates.expected(prefix, filter, offset - preceding + limit + 1),
        own: this.#own,
      },
      filter,
      reading,
      offset,
      preceding,
      limit,
      maxScanned: this.#options.limits.maxScannedItems,
      maxTests: this.#options.limits.maxFilterTests,
      deadline,
    });
    const { found, last, more, truncated } = page;
    this.#rates.record(prefix, filter, page);
    const digest = skipping ?? (more ? listingDigest(request) : null);
    if (digest !== null) positions?.record(digest, page, offset, from, readAt);
    const unreadable = this.#reportUnreadable(page.faults);
    const cursor =
      more && last !== null && digest !== null
        ? encodeCursor({ kind: "listing", order, namespace: last.namespace, created: last.created, key: last.key }, request, null, digest)
        : null;
    return { found, info: { mode: "filter", source: "records", ...PLAIN, unreadable, truncated, cursor } };
  }

  async #byRequestedMode(search: RankedSearch, deadline: Deadline): Promise<SearchResult> {
    const { degraded } = this.#options;
    const { asked } = search;
    const analyzer = asked === "semantic" ? null : await analyzerOf(search);
    const way: RankingWay = asked !== "semantic" && analyzer === null ? { mode: "semantic", reason: "keywords-missing" } : { mode: asked, reason: null };
    try {
      const result = await this.#rank(search, way, analyzer, deadline);
      degraded.succeeded();
      return result;
    } catch (error) {
      if (!(error instanceof RankingFailed)) throw error;
      degraded.failed(error.reason, error.cause);
      // The index may still rank by keywords, over everything it holds.
      return error.step === "embedding" ? this.#byKeywords(search, error.reason, deadline) : this.#byRecords(search, error.reason, deadline);
    }
  }

  /** Ranks by keywords as a fallback: by the index if it has terms and answers, otherwise by the records. */
  async #byKeywords(search: RankedSearch, reason: DegradedReason, deadline: Deadline): Promise<SearchResult> {
    const { observer = unobserved } = this.#options;
    const analyzer = await analyzerOf(search);
    if (analyzer === null) return this.#byRecords(search, reason, deadline);
    try {
      return await observer.fallback(reason, () => this.#rank(search, { mode: "keyword", reason }, analyzer, deadline));
    } catch (error) {
      if (!(error instanceof RankingFailed)) throw error;
      return this.#byRecords(search, error.reason, deadline);
    }
  }

  #byRecords(search: RankedSearch, reason: DegradedReason, deadline: Deadline): Promise<SearchResult> {
    const { items, limits, observer = unobserved } = this.#options;
    const options = { items, limits, own: this.#own, reportUnreadable: this.#reportUnreadable };
    return observer.fallback(reason, () => rankRecords(options, search, reason, deadline));
  }

  /** Ranks within a part of the remaining time, which leaves the rest for the fallback. */
  #rank(search: RankedSearch, way: RankingWay, analyzer: Analyzer | null, deadline: Deadline): Promise<SearchResult> {
    const part = deadline.part(RANKING_SHARE);
    const progress: Progress = { step: "index" };
    return part.wait("Ranking", this.#ranking.rank(search, way, analyzer, part, progress)).catch((error: unknown) => {
      // Other failures were classified before; here the deadline of the ranking was exceeded.
      throw isStoreError(error) && error.code === "TIMEOUT" ? new RankingFailed("ranking-too-slow", progress.step, error) : error;
    });
  }

  /** Emits an event if values could not be decoded, and returns their number. */
  readonly #reportUnreadable = (faults: readonly StoreError[]): number => {
    const [first] = faults;
    if (first !== undefined) this.#options.events.emit({ type: "values-unreadable", cause: first.message });
    return faults.length;
  };
}

/** @throws {ValidationError} when a search requests keyword ranking in a store without terms. */
function modeOf({ mode, prefix }: SearchRequest, { modes, keywords }: Indexing): SearchMode {
  const asked = mode ?? modes.of(prefix);
  if (asked === "semantic" || keywords.configured !== null) return asked;
  throw new ValidationError(
    `mode is ${JSON.stringify(asked)}, but index.keyword is false (the default with a codec): set index.keyword, or search with mode "semantic".`,
  );
}

async function analyzerOf({ indexing: { keywords, storedLanguage } }: RankedSearch): Promise<Analyzer | null> {
  return keywords.configured === null ? null : keywords.of(storedLanguage());
}
