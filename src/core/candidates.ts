/** Candidates of a ranked search, from the index: by vectors, by terms, or by both. */
import type { Deadline } from "../concurrency/deadline.ts";
import { writeText } from "../model/item.ts";
import { toRankScore, toScore } from "../model/score.ts";
import type { SearchMode } from "../model/search-mode.ts";
import type { Rankings, VectorHit } from "../ports/vector-index.ts";
import { fuse, type Candidate, type Fused } from "./fusion.ts";
import type { Analyzer } from "./keywords/analyzer.ts";
import type { FusedParts } from "./ranking/explain.ts";
import type { RankedSearch } from "./ranked-search.ts";
import { attempt, type RankingStep } from "./ranking-failed.ts";

/** The current step of a ranking, read when its deadline is exceeded. */
export interface Progress {
  step: RankingStep;
}

/** Reads the records of hits. Returns a function that says whether a hit is a result. */
export type Verify = (hits: readonly VectorHit[]) => Promise<(hit: VectorHit) => boolean>;

/** Candidates, best first. */
export interface Candidates {
  /** Returns the best candidates, `count` at most; fewer mean that there are no more. */
  readonly best: (count: number, verify: Verify) => Promise<readonly VectorHit[]>;
  /** Returns whether there may be candidates beyond the last one. */
  readonly isCut: () => boolean;
  /** The terms of the query; null unless the ranking is by keywords alone. */
  readonly terms: ReadonlySet<number> | null;
  /** Returns the parts of fused scores; null unless the ranking is hybrid and is explained. */
  readonly parts: () => FusedParts | null;
}

/** How candidates are obtained. */
export interface CandidateOptions {
  readonly mode: SearchMode;
  /** For the terms in the index; null for semantic ranking. */
  readonly analyzer: Analyzer | null;
  /** Most hits that are read. */
  readonly maxHits: number;
  readonly deadline: Deadline;
  readonly progress: Progress;
}

/** Factor by which each further query of the index asks for more hits. */
const GROWTH = 4;

/**
 * Returns the candidates of a search.
 *
 * @throws {RankingFailed} when the provider or the index cannot answer.
 */
export async function candidatesOf(search: RankedSearch, { mode, analyzer, maxHits, deadline, progress }: CandidateOptions): Promise<Candidates> {
  const { request, query, first, indexing } = search;
  const { embedder, vectors, metric, modes } = indexing;
  const { prefix, filter } = request;
  progress.step = mode === "keyword" ? "index" : "embedding";
  const vector = mode === "keyword" ? [] : await attempt("embedding", () => embedder.query(query, deadline));
  progress.step = "index";
  if (mode === "semantic" || analyzer === null) {
    const best = async (limit: number): Promise<VectorHit[]> => {
      const hits = await attempt("index", () => vectors.query({ vector, prefix, filter, limit }, deadline));
      return hits.map((hit) => ({ ...hit, score: toScore(hit.score, metric) }));
    };
    return { best, isCut: () => false, terms: null, parts: () => null };
  }
  const { terms, truncated } = analyzer.query(query);
  if (mode === "keyword") {
    const best = async (limit: number): Promise<VectorHit[]> => {
      if (terms.length === 0) return [];
      const hits = await attempt("index", () => vectors.queryKeywords({ terms, prefix, filter, limit }, deadline));
      return hits.map((hit) => ({ ...hit, score: toRankScore(hit.score) }));
    };
    return { best, isCut: () => truncated, terms: new Set(terms), parts: () => null };
  }
  const both = new FusedCandidates({
    query: (limit) => attempt("index", () => vectors.queryBoth({ vector, terms, prefix, filter, limit }, deadline)),
    fusion: modes.fusion,
    depth: Math.min(Math.max(modes.fusion.depth, first.limit), maxHits),
    maxHits,
    isFiltered: filter !== null,
    isExplained: request.steps?.explain ?? false,
  });
  await both.start();
  return { best: (count, verify) => both.best(count, verify), isCut: () => both.isCut || truncated, terms: null, parts: () => both.parts };
}

/** A hit of one of the rankings. */
interface Ranked extends Candidate {
  readonly hit: VectorHit;
}

interface FusedOptions {
  /** Returns the best items of both rankings, `limit` of each at most. */
  readonly query: (limit: number) => Promise<Rankings>;
  readonly fusion: Parameters<typeof fuse>[2];
  /** Candidates of each ranking. */
  readonly depth: number;
  readonly maxHits: number;
  readonly isFiltered: boolean;
  readonly isExplained: boolean;
}

/** The candidates of a hybrid search: the first of two rankings, fused. */
class FusedCandidates {
  readonly #options: FusedOptions;
  #given: Rankings = { semantic: [], keyword: [] };
  #fused: readonly Fused<Ranked>[] = [];
  #isVerified = false;
  isCut = false;
  parts: FusedParts | null = null;

  constructor(options: FusedOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { query, depth } = this.#options;
    this.#given = await query(depth);
    this.#fuse(this.#given, depth, () => true);
  }

  async best(count: number, verify: Verify): Promise<readonly VectorHit[]> {
    // The index may test a filter only in part, so that many candidates are no results. They are replaced first: then all pages are parts of one list.
    const mayBeStale = count > this.#fused.length || this.#options.isFiltered;
    if (mayBeStale && this.isCut && !this.#isVerified) await this.#replaceStale(verify);
    return this.#fused.slice(0, count).map(({ candidate: { hit }, score }): VectorHit => ({ ...hit, score: toRankScore(score) }));
  }

  /** Further candidates of both rankings replace those that are no results: expired items, and those with stale vectors. */
  async #replaceStale(verify: Verify): Promise<void> {
    const { query, depth, maxHits } = this.#options;
    this.#isVerified = true;
    for (let [limit, given] = [depth, this.#given]; ; given = await query(limit)) {
      const isResult = await verify([...given.semantic, ...given.keyword]);
      const isFull = (list: readonly VectorHit[]): boolean => list.length < limit || list.filter(isResult).length >= depth;
      if (limit >= maxHits || (isFull(given.semantic) && isFull(given.keyword))) {
        this.#fuse(given, limit, isResult);
        return;
      }
      limit = Math.min(limit * GROWTH, maxHits);
    }
  }

  /** @param limit - of the query that returned `given`: shorter lists are complete */
  #fuse(given: Rankings, limit: number, isResult: (hit: VectorHit) => boolean): void {
    const { fusion, depth, isExplained } = this.#options;
    const firstOf = (list: readonly VectorHit[]) => {
      const results = list.filter(isResult);
      return { first: results.slice(0, depth).map(asCandidate), isCut: list.length >= limit || results.length > depth };
    };
    const semantic = firstOf(given.semantic);
    const keyword = firstOf(given.keyword);
    const ranked = fuse(semantic.first, keyword.first, { ...fusion, isEveryMatch: !keyword.isCut });
    this.isCut = semantic.isCut || keyword.isCut;
    this.parts = isExplained ? new Map(ranked.map((each) => [each.candidate.id, each])) : null;
    this.#fused = ranked;
  }
}

/** A candidate is one write of an item: of two rankings of different moments, one may have an older write, which must not add to the newer. */
function asCandidate(hit: VectorHit): Ranked {
  return { id: writeText(hit), score: toRankScore(hit.score), hit };
}
