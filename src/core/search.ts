/**
 * Searches. With a query and an index, items are ranked by their vectors, followed by items without vectors; while that is not
 * possible, they are ranked by keywords, and the result says so. Without a query they are listed in stable order. Every result
 * is a record that was read and matched against the filter here.
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

/** What a searcher depends on. */
export interface SearcherOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly indexing: Indexing | null;
  readonly limits: SearchLimits;
  readonly reads: ReadBudget;
  readonly events: Events;
  /** Called with items whose stored vectors are not those of their record. */
  readonly onStale: (ids: readonly ItemId[]) => void;
  readonly degraded: DegradedState;
  readonly observer?: Observer | undefined;
}

/** Share of the deadline for ranking by similarity; the rest is for the fallback. */
const RANKING_SHARE = 0.5;

/** The info of a search that is not degraded. */
const PLAIN = { degraded: false, reason: null, unreadable: 0 } as const;

/** Ranking by similarity failed for a reason that is not the caller's; the search can be answered from the records. */
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

  /** @param deadline - once exceeded, no further request starts */
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

  /** Ranks within half of the deadline, which leaves the other half for the fallback. */
  #rankWithinHalf(
    request: SearchRequest,
    plan: SearchPlan & { query: string },
    indexing: Indexing,
    deadline: Deadline,
    reading: Reading,
  ): Promise<SearchResult> {
    const half = deadline.part(RANKING_SHARE);
    return half.wait("Ranking by similarity", this.#rank(request, plan, indexing, half, reading)).catch((error: unknown) => {
      // Other failures were classified in #rank; here the deadline was exceeded.
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
    // Items without a score cannot reach a lowest score.
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
        // If filling stopped at its limit, the next page would stop at the same place.
        cursor:
          more && !(fill?.truncated ?? false) && this.#isWithinOffsets(offset + found.length)
            ? encodeCursor({ kind: "ranked", by: "vector", offset: offset + found.length }, request)
            : null,
      },
    };
  }

  /** Reads items without a score, which follow all items with one, in listing order. */
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

  /** Returns all items that match the filter, those with keyword matches first; without scores, as these would not be cosines. */
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
    // Decoded one by one, between the pauses of the ranking, and not kept.
    const textOf = (i: number): string => {
      const { record, value = decodeValue(record.value) } = page.found[i] as Found;
      return rules.textsOf(value, record.namespace, record.index).join("\n");
    };
    const ranking = await rankByKeywords(page.found.length, textOf, query, () => deadline.throwIfOver("Ranking by keywords"));
    // Whether an item reaches the lowest score is unknown; without a keyword match it is assumed not to.
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

  /** Returns whether a cursor may continue at an offset: within the limit, and after at least one result. */
  #isWithinOffsets(offset: number): boolean {
    return offset > 0 && offset <= this.#options.limits.maxOffset;
  }

  /** Emits an event if values could not be decoded. @returns how many */
  #reportUnreadable(faults: readonly StoreError[]): number {
    const [first] = faults;
    if (first !== undefined) this.#options.events.emit({ type: "values-unreadable", cause: first.message });
    return faults.length;
  }
}

/** Runs a step of the ranking; failures other than mistakes of the caller or the configuration degrade the search. */
async function attempt<T>(reason: DegradedReason, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const fault = embeddingFaultOf(error);
    // A query that the provider rejects is a mistake of the caller, which a fallback would hide.
    const isMistake = error instanceof ValidationError || fault === WRONG_ANSWER || fault === "input";
    if (!isStoreError(error) || isMistake || error.code === "ABORTED") throw error;
    throw new RankingFailed(error.code === "TIMEOUT" ? "ranking-too-slow" : reason, error);
  }
}
