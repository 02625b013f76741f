/** Queries of points: by a vector, by terms, or by both in one request. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { Hints } from "../../concurrency/hints.ts";
import { GroupCommit, type GroupCommitOptions } from "../../concurrency/group-commit.ts";
import { fulfilled } from "../../concurrency/outcomes.ts";
import { isStoreError } from "../../model/errors.ts";
import { euclidScore, type DistanceMetric } from "../../model/distance-metric.ts";
import { ROOT } from "../../model/namespace.ts";
import type { HybridQuery, KeywordQuery, Rankings, VectorHit, VectorQuery } from "../../ports/vector-index.ts";
import type { QdrantClient } from "./client.ts";
import { translateFilter } from "./filter.ts";
import { KEYWORD_VECTOR } from "./options.ts";
import type { KeptPaths } from "./payload-rule.ts";
import type { Schema } from "./schema.ts";
import { asSent, prefixText } from "./point.ts";
import { pointsOf, toHit, type ReturnedPoint } from "./stored-payload.ts";

/** Most hits of an approximate query; a query for more hits is exact. */
const MAX_APPROXIMATE = 64;

/** Candidates of an approximate query (`hnsw_ef`); at least as many as it may return. */
const SEARCH_BREADTH = 128;

/**
 * Approximate queries are short for any prefix, so they share requests: with 8 callers this halves the processor time per query
 * of this process, and saves a third of Qdrant's. Exact queries may take long, and are sent alone.
 */
const SHARED: GroupCommitOptions<QueryBody> = {
  waitFor: "Qdrant",
  maxGroup: 8,
  maxInFlight: 4,
  maxWaiting: 20_000,
  // A query that Qdrant refuses fails alone.
  isInputFault: (reason) => isStoreError(reason) && !reason.retryable,
};

/** Most prefixes that are remembered as small. */
const MAX_SMALL = 10_000;

/** Body of a query. */
type QueryBody = Schema<"QueryRequest"> & { readonly limit: number };

type Points = readonly ReturnedPoint[];

/** Sends queries; `result[i]` belongs to `bodies[i]`. */
type Send = (bodies: readonly QueryBody[], deadline: Deadline | undefined) => Promise<readonly Points[]>;

/** Searches one collection. */
export class PointSearch {
  readonly #client: QdrantClient;
  readonly #path: string;
  readonly #metric: DistanceMetric;
  readonly #kept: KeptPaths;
  readonly #small = new Hints<true>({ max: MAX_SMALL });
  readonly #shared = new GroupCommit<QueryBody, Points>(
    async (bodies, deadline) => (await this.#sendAlone(bodies, deadline)).map(fulfilled),
    SHARED,
  );

  /** @param path - URL path of the collection's points */
  constructor(client: QdrantClient, path: string, metric: DistanceMetric, kept: KeptPaths) {
    this.#client = client;
    this.#path = path;
    this.#metric = metric;
    this.#kept = kept;
  }

  /** Returns the nearest items. */
  async query(query: VectorQuery, deadline: Deadline | undefined): Promise<VectorHit[]> {
    const exact = this.#isExact(query);
    const body = this.#vectorQueryBody(query, exact);
    const send = exact ? this.#sendAlone : this.#sendShared;
    const [points = []] = await send([body], deadline);
    return this.#scored(await this.#nearest(query, body, exact, points, deadline));
  }

  /** Returns hits with scores where higher is better: Qdrant returns a Euclidean distance as it is. */
  #scored(hits: VectorHit[]): VectorHit[] {
    return this.#metric === "euclid" ? hits.map((hit) => ({ ...hit, score: euclidScore(Math.max(0, hit.score)) })) : hits;
  }

  /** Returns the items that have terms of the query. */
  async queryKeywords(query: KeywordQuery, deadline: Deadline | undefined): Promise<VectorHit[]> {
    if (query.terms.length === 0) return [];
    const body = this.#keywordQueryBody(query);
    const send = query.filter === null ? this.#sendShared : this.#sendAlone;
    const [points = []] = await send([body], deadline);
    return this.#hits(body, points, send, deadline);
  }

  /** Returns both, with one request. */
  async queryBoth(query: HybridQuery, deadline: Deadline | undefined): Promise<Rankings> {
    if (query.terms.length === 0) return { semantic: await this.query(query, deadline), keyword: [] };
    const exact = this.#isExact(query);
    const byVector = this.#vectorQueryBody(query, exact);
    const byKeywords = this.#keywordQueryBody(query);
    const send = exact ? this.#sendAlone : this.#sendShared;
    const [near = [], matching = []] = await send([byVector, byKeywords], deadline);
    const [semantic, keyword] = await Promise.all([
      this.#nearest(query, byVector, exact, near, deadline),
      this.#hits(byKeywords, matching, send, deadline),
    ]);
    return { semantic: this.#scored(semantic), keyword };
  }

  /**
   * Returns whether a query is exact. The graph does not connect the points that match a filter: an approximate query with a filter
   * found nothing at all where thousands matched. The payload indexes make an exact search of the matching points affordable.
   */
  #isExact({ filter, limit, prefix }: VectorQuery): boolean {
    return filter !== null || limit > MAX_APPROXIMATE || this.#small.get(prefix) === true;
  }

  /** Returns the hits of a vector query from its answer `points`, after an exact query if the approximate one found too few. */
  async #nearest(query: VectorQuery, body: QueryBody, exact: boolean, points: Points, deadline: Deadline | undefined): Promise<VectorHit[]> {
    const { limit, prefix, filter } = query;
    const hits = await this.#hits(body, points, exact ? this.#sendAlone : this.#sendShared, deadline);
    if (exact) {
      if (filter === null) this.#rememberSize(prefix, hits.length < limit);
      return hits;
    }
    if (hits.length >= limit) {
      this.#rememberSize(prefix, false);
      return hits;
    }
    // Too few hits mean that there are no more, or that the graph did not lead to them.
    const again = this.#vectorQueryBody(query, true);
    const [all = []] = await this.#sendAlone([again], deadline);
    const exactHits = await this.#hits(again, all, this.#sendAlone, deadline);
    this.#rememberSize(prefix, exactHits.length < limit);
    return exactHits;
  }

  /** Queries of a small prefix are exact from the next query on: one request instead of two. */
  #rememberSize(prefix: string, isSmall: boolean): void {
    if (isSmall) this.#small.record(prefix, true);
    else this.#small.forget(prefix);
  }

  #vectorQueryBody({ vector, ...query }: VectorQuery, exact: boolean): QueryBody {
    // The same breadth for all short queries: then ten hits are the first ten of fifty, so pages of one search fit together.
    return { query: [asSent(vector, this.#metric)], ...this.#within(query), params: exact ? { exact } : { hnsw_ef: SEARCH_BREADTH } };
  }

  #keywordQueryBody({ terms, ...query }: KeywordQuery): QueryBody {
    return { query: { indices: terms, values: terms.map(() => 1) }, using: KEYWORD_VECTOR, ...this.#within(query) };
  }

  #within({ prefix, filter, limit }: Pick<VectorQuery, "prefix" | "filter" | "limit">): QueryBody {
    // All points lie below the root; testing this for each visited point took a tenth of the search time.
    const below: Schema<"FieldCondition"> | null = prefix === ROOT ? null : { key: "prefixes", match: { value: prefixText(prefix) } };
    const must = [below, translateFilter(filter, this.#kept)].filter((condition) => condition !== null);
    return { ...(must.length === 0 ? {} : { filter: { must } }), limit, with_payload: ["ns", "key", "write_id"] };
  }

  /** Returns the hits of an answer. Replaces points that name no item, as fewer hits than the limit mean that there are no more. */
  async #hits(body: QueryBody, answer: Points, send: Send, deadline: Deadline | undefined): Promise<VectorHit[]> {
    const { limit } = body;
    let points = answer;
    for (let requested = limit; ; ) {
      const hits = points.flatMap((point) => toHit(point) ?? []);
      if (points.length < requested || hits.length >= limit) return hits.slice(0, limit);
      requested = limit + 2 * (points.length - hits.length);
      [points = []] = await send([{ ...body, limit: requested }], deadline);
    }
  }

  readonly #sendShared: Send = async (bodies, deadline) => {
    const outcomes = await this.#shared.add(bodies, deadline);
    return outcomes.map((outcome) => {
      if (outcome.status === "fulfilled") return outcome.value;
      throw outcome.reason;
    });
  };

  readonly #sendAlone: Send = async (bodies, deadline) => {
    const [only] = bodies;
    if (bodies.length === 1) return [pointsOf(await this.#client.request<"queryPoints">("POST", `${this.#path}/query`, only, "search vectors", deadline))];
    const answers = await this.#client.request<"queryPointsBatch">("POST", `${this.#path}/query/batch`, { searches: bodies }, "search vectors", deadline);
    return bodies.map((_, i) => pointsOf((answers as unknown[] | null)?.[i]));
  };
}
