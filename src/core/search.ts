/**
 * Searches: a plan, and its run. With a query and an index, items are ranked by their vectors and those without any
 * fill the page after them; otherwise they are listed in their stable order. Every result is a record that was read
 * and matched against the filter by the one function that decides it.
 */
import type { LiveRecord } from "../model/item.ts";
import { decodeValue } from "../model/value-codec.ts";
import { matchesFilter } from "../model/filter-match.ts";
import type { SearchRequest } from "../model/operation.ts";
import type { Embedder } from "../ports/embedder.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import type { Found } from "./found.ts";
import { walk, type Walk } from "./listing.ts";
import { RankedHits } from "./ranked-hits.ts";

/** How a search was answered. */
export interface SearchInfo {
  /** `vector`: ranked by similarity; `filter`: listed in stable order. */
  readonly mode: "vector" | "filter";
  /** Whether the search stopped at a bound before it had seen all that could match. */
  readonly truncated: boolean;
  /** Give it to the next search to go on after these results; null when there are no more. */
  readonly cursor: string | null;
}

/** Results of one search. */
export interface SearchResult {
  readonly found: readonly Found[];
  readonly info: SearchInfo;
}

/** Bounds of one search. */
export interface SearchLimits {
  /** Most records that a search reads without returning them. */
  readonly maxScannedItems: number;
  /** Most vector hits that a search looks at. */
  readonly maxScoredHits: number;
}

/** How a search is answered: decided before anything is read. */
type SearchPlan =
  | { readonly mode: "vector"; readonly query: string; readonly offset: number }
  | { readonly mode: "filter"; readonly offset: number; readonly after: Walk["after"] };

/** Decides how a search is answered. */
function planSearch(request: SearchRequest, canRank: boolean): SearchPlan {
  const { query, cursor, prefix, order, offset } = request;
  if (query !== null && canRank) {
    const from = cursor === null ? null : decodeCursor(cursor, prefix, "ranked");
    return { mode: "vector", query, offset: offset + (from?.kind === "ranked" ? from.offset : 0) };
  }
  const from = cursor === null ? null : decodeCursor(cursor, prefix, order);
  return { mode: "filter", offset, after: from?.kind === "listing" ? from : null };
}

/** Answers searches. */
export class Searcher {
  readonly #items: ItemRepository;
  readonly #ranking: { readonly vectors: VectorIndex; readonly embedder: Embedder } | null;
  readonly #limits: SearchLimits;

  constructor(
    items: ItemRepository,
    ranking: { readonly vectors: VectorIndex; readonly embedder: Embedder } | null,
    limits: SearchLimits,
  ) {
    this.#items = items;
    this.#ranking = ranking;
    this.#limits = limits;
  }

  async search(request: SearchRequest): Promise<SearchResult> {
    const plan = planSearch(request, this.#ranking !== null);
    if (request.limit === 0) return { found: [], info: { mode: plan.mode, truncated: false, cursor: request.cursor } };
    return plan.mode === "vector" ? this.#ranked(request, plan) : this.#listed(request, plan);
  }

  async #listed(request: SearchRequest, plan: SearchPlan & { mode: "filter" }): Promise<SearchResult> {
    const { prefix, order, limit, filter } = request;
    const expected = filter === null ? plan.offset + limit + 1 : 2 * (plan.offset + limit + 1);
    const listed = await this.#collect(request, { prefix, order, after: plan.after, expected }, plan.offset, limit);
    const last = listed.last;
    const cursor =
      listed.more && last !== null
        ? encodeCursor({ kind: "listing", order, namespace: last.namespace, created: last.created, key: last.key }, prefix)
        : null;
    return { found: listed.found, info: { mode: "filter", truncated: listed.truncated, cursor } };
  }

  async #ranked(request: SearchRequest, plan: SearchPlan & { mode: "vector" }): Promise<SearchResult> {
    if (this.#ranking === null) throw new TypeError("A ranked search was planned without an index.");
    const { limit } = request;
    const vector = await this.#ranking.embedder.query(plan.query);
    const hits = new RankedHits(this.#ranking.vectors, this.#items, request, vector, this.#limits.maxScoredHits);
    await hits.fetch(plan.offset + limit + 1);
    const scored = hits.found.slice(plan.offset, plan.offset + limit);
    const done = (found: readonly Found[], more: boolean, truncated: boolean): SearchResult => ({
      found,
      info: {
        mode: "vector",
        truncated,
        cursor: more ? encodeCursor({ kind: "ranked", offset: plan.offset + found.length }, request.prefix) : null,
      },
    });
    if (hits.found.length > plan.offset + limit) return done(scored, true, false);
    if (!hits.exhausted) return done(scored, false, true);
    // A lowest score asks for what is near; what has no score is not.
    if (request.minScore !== null) return done(scored, false, false);
    const fill = await this.#fill(request, hits, plan.offset, limit - scored.length);
    return done([...scored, ...fill.found], fill.more, fill.truncated);
  }

  /** Items without a score come after all that have one, in listing order. */
  #fill(request: SearchRequest, hits: RankedHits, offset: number, room: number): Promise<Collected> {
    const { prefix, order } = request;
    const skip = Math.max(0, offset - hits.found.length);
    const what: Walk = { prefix, order, after: null, expected: skip + room + 1, only: (entry) => entry.hasUnscored };
    return this.#collect(request, what, skip, room, (record) => hits.has(record));
  }

  async #collect(
    request: SearchRequest,
    what: Walk,
    offset: number,
    limit: number,
    leaveOut: (record: LiveRecord) => boolean = () => false,
  ): Promise<Collected> {
    const { filter } = request;
    const found: Found[] = [];
    let last: LiveRecord | null = null;
    let skipped = 0;
    let passedOver = 0;
    for await (const record of walk(this.#items, what)) {
      // Without a filter a value is decoded only when it is returned.
      const value = filter === null ? undefined : decodeValue(record.value);
      if (leaveOut(record) || (value !== undefined && !matchesFilter(value, filter))) {
        passedOver += 1;
        if (passedOver >= this.#limits.maxScannedItems) return { found, last: record, more: true, truncated: true };
      } else if (skipped < offset) {
        skipped += 1;
      } else if (found.length === limit) {
        return { found, last, more: true, truncated: false };
      } else {
        found.push({ record, value, score: undefined });
      }
      last = record;
    }
    return { found, last, more: false, truncated: false };
  }
}

interface Collected {
  readonly found: readonly Found[];
  /** The last record that the next page need not look at again. */
  readonly last: LiveRecord | null;
  readonly more: boolean;
  readonly truncated: boolean;
}
