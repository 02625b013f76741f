/**
 * Searches. With a query and an index, items are ranked by their vectors and those without any fill the page after
 * them; while that cannot be had, they are ranked by keywords, and the answer says so. Without a query they are listed
 * in their stable order. Every result is a record that was read and matched by the one function that decides it.
 */
import type { Deadline } from "../concurrency/deadline.ts";
import type { DegradedReason } from "../model/degraded-reason.ts";
import { embeddingFaultOf, WRONG_ANSWER } from "../model/embedding-error.ts";
import { isStoreError, ValidationError, type StoreError } from "../model/errors.ts";
import type { ItemId } from "../model/item.ts";
import type { SearchRequest } from "../model/operation.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { Events } from "../ports/events.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import { encodeCursor } from "./cursor.ts";
import type { DegradedState } from "./degraded-state.ts";
import type { Found, SearchLimits, SearchResult } from "./found.ts";
import { HitRates } from "./hit-rates.ts";
import { rankByKeywords } from "./keyword-ranking.ts";
import { OwnItems } from "./own-items.ts";
import { readPage, type Page } from "./page.ts";
import { RankedHits } from "./ranked-hits.ts";
import type { ReadBudget, Reading } from "./read-budget.ts";
import { planSearch, type SearchPlan } from "./search-plan.ts";
import type { Indexing } from "./indexing.ts";
import { ItemsOfCall } from "./items-of-call.ts";

/** What a searcher stands on. */
export interface SearcherOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly indexing: Indexing | null;
  readonly limits: SearchLimits;
  readonly reads: ReadBudget;
  readonly events: Events;
  /** Is given items whose stored vectors were seen not to be those of their record. */
  readonly onStale: (ids: readonly ItemId[]) => void;
  readonly degraded: DegradedState;
  readonly observer?: Observer | undefined;
}

/** Of the time of a search, the share for ranking by similarity; the rest is for the answer without it. */
const RANKING_SHARE = 0.5;

/** What is to say of a search with which nothing is wrong. */
const PLAIN = { degraded: false, reason: null, unreadable: 0 } as const;

/** Similarity cannot be had now, for a reason that is not the caller's; the records still can. */
class RankingFailed extends Error {
  readonly reason: DegradedReason;

  constructor(reason: DegradedReason, cause: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** Answers searches. */
export class Searcher {
  readonly #options: SearcherOptions;
  readonly #rates = new HitRates();
  readonly #own = new OwnItems();

  constructor(options: SearcherOptions) {
    this.#options = options;
  }

  /** @param deadline - when nobody waits for the answer any more; no further request is made then */
  search(request: SearchRequest, deadline: Deadline): Promise<SearchResult> {
    return this.#options.reads.run((reading) => this.#search(request, deadline, reading));
  }

  async #search(request: SearchRequest, deadline: Deadline, reading: Reading): Promise<SearchResult> {
    const { indexing } = this.#options;
    const plan = planSearch(request, indexing !== null, this.#options.limits.maxOffset);
    if (request.limit === 0) {
      return { found: [], info: { mode: plan.mode, ...PLAIN, truncated: false, cursor: request.cursor } };
    }
    const items = new ItemsOfCall(this.#options.items, deadline);
    if (plan.mode === "filter" || indexing === null) return this.#list(items, request, plan, deadline, reading);
    const { observer = unobserved } = this.#options;
    const byKeywords = (reason: DegradedReason): Promise<SearchResult> =>
      observer.fallback(reason, () => this.#rankByKeywords(items, request, plan, indexing, reason, deadline, reading));
    if (plan.mode === "keyword") return byKeywords("continues-degraded");
    try {
      const result = await this.#rankWithinHalf(request, plan, indexing, deadline, reading);
      this.#options.degraded.succeeded();
      return result;
    } catch (error) {
      if (!(error instanceof RankingFailed)) throw error;
      this.#options.degraded.failed(error.reason, error.cause);
      return byKeywords(error.reason);
    }
  }

  async #list(
    items: ItemRepository,
    request: SearchRequest,
    plan: SearchPlan,
    deadline: Deadline,
    reading: Reading,
  ): Promise<SearchResult> {
    const { prefix, order, limit, filter } = request;
    const page = await readPage(items, {
      walk: {
        prefix,
        order,
        after: plan.mode === "filter" ? plan.after : null,
        expected: this.#rates.expected(prefix, filter, plan.offset + limit + 1),
        own: this.#own,
      },
      filter,
      reading,
      offset: plan.offset,
      limit,
      maxScanned: this.#options.limits.maxScannedItems,
      maxTests: this.#options.limits.maxFilterTests,
      deadline,
    });
    const { found, last, more, truncated } = page;
    this.#rates.record(prefix, filter, page);
    const unreadable = this.#reportUnreadable(page.faults);
    const cursor =
      more && last !== null
        ? encodeCursor({ kind: "listing", order, namespace: last.namespace, created: last.created, key: last.key }, request)
        : null;
    return { found, info: { mode: "filter", ...PLAIN, unreadable, truncated, cursor } };
  }

  /** Ranking gets half of the time, so that the other half is left for the answer without it. */
  #rankWithinHalf(
    request: SearchRequest,
    plan: SearchPlan & { query: string },
    indexing: Indexing,
    deadline: Deadline,
    reading: Reading,
  ): Promise<SearchResult> {
    const half = deadline.part(RANKING_SHARE);
    return half.wait("Ranking by similarity", this.#rank(request, plan, indexing, half, reading)).catch((error: unknown) => {
      // A search that has failed by itself says why; what is left is that the time was up.
      throw isStoreError(error) && error.code === "TIMEOUT" ? new RankingFailed("ranking-too-slow", error) : error;
    });
  }

  async #rank(
    request: SearchRequest,
    plan: SearchPlan & { query: string },
    indexing: Indexing,
    deadline: Deadline,
    reading: Reading,
  ): Promise<SearchResult> {
    const { limit, prefix, filter, minScore } = request;
    const { offset } = plan;
    const { limits, onStale } = this.#options;
    const items = new ItemsOfCall(this.#options.items, deadline);
    const vector = await attempt("embedding-failed", () => indexing.embedder.query(plan.query, deadline));
    const hits = new RankedHits({
      nearest: (count) =>
        attempt("vectors-unavailable", () => indexing.vectors.query({ vector, prefix, filter, limit: count }, deadline)),
      items,
      request,
      reading,
      maxHits: limits.maxScoredHits,
      onStale,
    });
    await hits.fetch(offset + limit + 1);
    const scored = hits.found.slice(offset, offset + limit);
    const hasNext = hits.found.length > offset + limit;
    // A lowest score asks for what is near; what has no score is not.
    const fill =
      hasNext || !hits.exhausted || minScore !== null
        ? null
        : await this.#fill(items, request, hits, { offset, room: limit - scored.length, deadline, reading });
    const found = [...scored, ...(fill?.found ?? [])];
    const unreadable = this.#reportUnreadable([...hits.faults, ...(fill?.faults ?? [])]);
    const more = hasNext || (fill?.more ?? false);
    return {
      found,
      info: {
        mode: "vector",
        ...PLAIN,
        unreadable,
        truncated: !hasNext && (!hits.exhausted || (fill?.truncated ?? false)),
        // Where filling stopped at its bound, an offset would lead to the same place again.
        cursor:
          more && !(fill?.truncated ?? false) && this.#isWithinOffsets(offset + found.length)
            ? encodeCursor({ kind: "ranked", by: "vector", offset: offset + found.length }, request)
            : null,
      },
    };
  }

  /** Items without a score come after all that have one, in listing order. */
  #fill(
    items: ItemRepository,
    request: SearchRequest,
    hits: RankedHits,
    { offset, room, deadline, reading }: { readonly offset: number; readonly room: number; readonly deadline: Deadline; readonly reading: Reading },
  ): Promise<Page> {
    const { prefix, order, filter } = request;
    const skip = Math.max(0, offset - hits.found.length);
    return readPage(items, {
      walk: {
        prefix,
        order,
        after: null,
        expected: skip + room + 1,
        unscoredAnd: hits.pending,
      },
      filter,
      reading,
      offset: skip,
      limit: room,
      maxScanned: this.#options.limits.maxScannedItems,
      maxTests: this.#options.limits.maxFilterTests,
      deadline,
      leaveOut: (record) => hits.has(record),
    });
  }

  /** All that matches, those first that share words with the query; without a score, as cosine is not what ranks them. */
  async #rankByKeywords(
    items: ItemRepository,
    request: SearchRequest,
    { query, offset }: SearchPlan & { query: string },
    { rules }: Indexing,
    reason: DegradedReason,
    deadline: Deadline,
    reading: Reading,
  ): Promise<SearchResult> {
    const { prefix, order, filter, limit, minScore } = request;
    const { maxKeywordCandidates, maxKeywordBytes, maxScannedItems, maxFilterTests } = this.#options.limits;
    const page = await readPage(items, {
      walk: { prefix, order, after: null, expected: maxKeywordCandidates, own: this.#own },
      filter,
      reading,
      endsWhenFull: true,
      offset: 0,
      limit: maxKeywordCandidates,
      maxBytes: maxKeywordBytes,
      maxScanned: maxScannedItems,
      maxTests: maxFilterTests,
      deadline,
    });
    const unreadable = this.#reportUnreadable(page.faults);
    // Decoded one after the other, between the pauses of the ranking, and not kept.
    const textOf = (i: number): string => {
      const { record, value = decodeValue(record.value) } = page.found[i] as Found;
      return rules.textsOf(value, record.namespace, record.index).join("\n");
    };
    const ranking = await rankByKeywords(page.found.length, textOf, query, () => deadline.throwIfOver("Ranking by keywords"));
    // A lowest score cannot be judged here; what shares no word with the query surely does not reach it.
    const matched = new Set(ranking.positions);
    const rest = minScore === null ? page.found.flatMap((_, i) => (matched.has(i) ? [] : [i])) : [];
    const positions = [...ranking.positions, ...rest];
    const found = positions
      .slice(offset, offset + limit)
      .flatMap((i) => page.found[i] ?? []);
    const more = positions.length > offset + limit;
    const cursor =
      more && this.#isWithinOffsets(offset + found.length)
        ? encodeCursor({ kind: "ranked", by: "keyword", offset: offset + found.length }, request)
        : null;
    const truncated = page.more || ranking.truncated;
    return { found, info: { mode: "keyword", degraded: true, reason, unreadable, truncated, cursor } };
  }

  /** Whether a cursor may lead there: not beyond the greatest offset, and never to where it came from. */
  #isWithinOffsets(offset: number): boolean {
    return offset > 0 && offset <= this.#options.limits.maxOffset;
  }

  /** What is left out is never so without a word. @returns how many. */
  #reportUnreadable(faults: readonly StoreError[]): number {
    const [first] = faults;
    if (first !== undefined) this.#options.events.emit({ type: "values-unreadable", cause: first.message });
    return faults.length;
  }
}

/** Runs a step of the ranking; a failure that is not the caller's or the configuration's makes the search degrade. */
async function attempt<T>(reason: DegradedReason, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const fault = embeddingFaultOf(error);
    // A query that the provider rejects fails for itself: it says nothing of the provider, and keywords would only hide it.
    const isMistake = error instanceof ValidationError || fault === WRONG_ANSWER || fault === "input";
    if (!isStoreError(error) || isMistake || error.code === "ABORTED") throw error;
    throw new RankingFailed(error.code === "TIMEOUT" ? "ranking-too-slow" : reason, error);
  }
}
