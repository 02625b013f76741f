/** Searches of points: by a vector, by terms, and both in one request. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { Hints } from "../../concurrency/hints.ts";
import { GroupCommit, type GroupCommitOptions } from "../../concurrency/group-commit.ts";
import { fulfilled } from "../../concurrency/outcomes.ts";
import { isStoreError } from "../../model/errors.ts";
import { ROOT } from "../../model/namespace.ts";
import type { HybridQuery, KeywordQuery, Rankings, VectorHit, VectorQuery } from "../../ports/vector-index.ts";
import type { QdrantClient } from "./client.ts";
import { translateFilter } from "./filter.ts";
import { TERMS } from "./options.ts";
import type { KeptPaths } from "./payload-rule.ts";
import type { Schema } from "./schema.ts";
import { inWholeNumbers, prefixText } from "./point.ts";
import { pointsOf, toHit, type ReturnedPoint } from "./stored-payload.ts";

/** Hits of one approximate question; further ones are asked for exactly. */
const MAX_APPROXIMATE = 64;

/** Candidates that an approximate question keeps in view; at least as many as it may return. */
const SEARCH_BREADTH = 128;

/**
 * Approximate questions are short, whatever lies below their prefix, so they share requests: at 8 callers that took half of
 * our processor time a question and two thirds of Qdrant's. The others may take long, and are asked alone.
 */
const SHARED: GroupCommitOptions<Question> = {
  waitFor: "Qdrant",
  maxGroup: 8,
  maxInFlight: 4,
  maxWaiting: 20_000,
  // One that Qdrant refuses fails alone.
  isInputFault: (reason) => isStoreError(reason) && !reason.retryable,
};

/** Prefixes that are remembered as small. */
const MAX_SMALL = 10_000;

/** A question as Qdrant takes it. */
type Question = Schema<"QueryRequest"> & { readonly limit: number };

type Points = readonly ReturnedPoint[];

/** Sends questions; the answers stand at their positions. */
type Ask = (questions: readonly Question[], deadline: Deadline | undefined) => Promise<readonly Points[]>;

/** Searches one collection. */
export class PointSearch {
  readonly #client: QdrantClient;
  readonly #path: string;
  readonly #kept: KeptPaths;
  readonly #small = new Hints<true>({ max: MAX_SMALL });
  readonly #shared = new GroupCommit<Question, Points>(
    async (questions, deadline) => (await this.#askAlone(questions, deadline)).map(fulfilled),
    SHARED,
  );

  /** @param path - of the collection's points, as requests have it */
  constructor(client: QdrantClient, path: string, kept: KeptPaths) {
    this.#client = client;
    this.#path = path;
    this.#kept = kept;
  }

  /** The nearest items. */
  async query(query: VectorQuery, deadline: Deadline | undefined): Promise<VectorHit[]> {
    const exact = this.#isExact(query);
    const question = this.#vectorQuestion(query, exact);
    const ask = exact ? this.#askAlone : this.#askWithOthers;
    const [points = []] = await ask([question], deadline);
    return this.#nearest(query, question, exact, points, deadline);
  }

  /** The items that have terms of the query. */
  async queryKeywords(query: KeywordQuery, deadline: Deadline | undefined): Promise<VectorHit[]> {
    if (query.terms.length === 0) return [];
    const question = this.#keywordQuestion(query);
    const ask = query.filter === null ? this.#askWithOthers : this.#askAlone;
    const [points = []] = await ask([question], deadline);
    return this.#hits(question, points, ask, deadline);
  }

  /** Both, in one request. */
  async queryBoth(query: HybridQuery, deadline: Deadline | undefined): Promise<Rankings> {
    if (query.terms.length === 0) return { semantic: await this.query(query, deadline), keyword: [] };
    const exact = this.#isExact(query);
    const byVector = this.#vectorQuestion(query, exact);
    const byKeywords = this.#keywordQuestion(query);
    const ask = exact ? this.#askAlone : this.#askWithOthers;
    const [near = [], matching = []] = await ask([byVector, byKeywords], deadline);
    const [semantic, keyword] = await Promise.all([
      this.#nearest(query, byVector, exact, near, deadline),
      this.#hits(byKeywords, matching, ask, deadline),
    ]);
    return { semantic, keyword };
  }

  /**
   * A graph has no way from one point that passes a filter to the next: with one it was seen to find nothing at all where
   * thousands matched. The filter's own indexes make the exact search of what passes it affordable.
   */
  #isExact({ filter, limit, prefix }: VectorQuery): boolean {
    return filter !== null || limit > MAX_APPROXIMATE || this.#small.get(prefix) === true;
  }

  /** The hits of a question by a vector, of which `points` is the answer. */
  async #nearest(query: VectorQuery, question: Question, exact: boolean, points: Points, deadline: Deadline | undefined): Promise<VectorHit[]> {
    const { limit, prefix, filter } = query;
    const hits = await this.#hits(question, points, exact ? this.#askAlone : this.#askWithOthers, deadline);
    if (exact) {
      if (filter === null) this.#remember(prefix, hits.length < limit);
      return hits;
    }
    if (hits.length >= limit) {
      this.#remember(prefix, false);
      return hits;
    }
    // Too few may mean that there are no more, or that the graph did not lead to them.
    const again = this.#vectorQuestion(query, true);
    const [all = []] = await this.#askAlone([again], deadline);
    const sure = await this.#hits(again, all, this.#askAlone, deadline);
    this.#remember(prefix, sure.length < limit);
    return sure;
  }

  /** A prefix that was found to hold few points is asked exactly from then on, and once instead of twice. */
  #remember(prefix: string, isSmall: boolean): void {
    if (isSmall) this.#small.record(prefix, true);
    else this.#small.forget(prefix);
  }

  #vectorQuestion({ vector, ...query }: VectorQuery, exact: boolean): Question {
    // One breadth for all short questions: a list of ten is then the beginning of that of fifty, and pages are cut out of
    // one.
    return { query: [inWholeNumbers(vector)], ...this.#within(query), params: exact ? { exact } : { hnsw_ef: SEARCH_BREADTH } };
  }

  #keywordQuestion({ terms, ...query }: KeywordQuery): Question {
    return { query: { indices: terms, values: terms.map(() => 1) }, using: TERMS, ...this.#within(query) };
  }

  #within({ prefix, filter, limit }: Pick<VectorQuery, "prefix" | "filter" | "limit">): Question {
    // All points lie below the root: to ask it of each that is met on the way took a tenth of the search.
    const below: Schema<"FieldCondition"> | null = prefix === ROOT ? null : { key: "prefixes", match: { value: prefixText(prefix) } };
    const must = [below, translateFilter(filter, this.#kept)].filter((condition) => condition !== null);
    return { ...(must.length === 0 ? {} : { filter: { must } }), limit, with_payload: ["ns", "key", "write_id"] };
  }

  /** The hits of a question's answer; the places of points that name no item go to others, as fewer would mean that there are no more. */
  async #hits(question: Question, answer: Points, ask: Ask, deadline: Deadline | undefined): Promise<VectorHit[]> {
    const { limit } = question;
    let points = answer;
    for (let asked = limit; ; ) {
      const hits = points.flatMap((point) => toHit(point) ?? []);
      if (points.length < asked || hits.length >= limit) return hits.slice(0, limit);
      asked = limit + 2 * (points.length - hits.length);
      [points = []] = await ask([{ ...question, limit: asked }], deadline);
    }
  }

  readonly #askWithOthers: Ask = async (questions, deadline) => {
    const outcomes = await this.#shared.add(questions, deadline);
    return outcomes.map((outcome) => {
      if (outcome.status === "fulfilled") return outcome.value;
      throw outcome.reason;
    });
  };

  readonly #askAlone: Ask = async (questions, deadline) => {
    const [only] = questions;
    if (questions.length === 1) return [pointsOf(await this.#client.request<"queryPoints">("POST", `${this.#path}/query`, only, "search vectors", deadline))];
    const answers = await this.#client.request<"queryPointsBatch">("POST", `${this.#path}/query/batch`, { searches: questions }, "search vectors", deadline);
    return questions.map((_, i) => pointsOf((answers as unknown[] | null)?.[i]));
  };
}
