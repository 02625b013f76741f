import type { Deadline } from "../concurrency/deadline.ts";
import type { Filter } from "../model/filter.ts";
import type { ItemId, Value } from "../model/item.ts";
import type { TermWeights } from "../model/term-weights.ts";
import type { InputCounts } from "./decorate.ts";
import type { ScanPage } from "./scan.ts";

/** A vector of finite numbers, with the dimensions of the index. */
export type Vector = readonly number[];

/** The vectors of one write of one item. */
export interface VectorPoint extends ItemId {
  readonly version: number;
  readonly writeId: string;
  /** At least one; the score of the item is that of its best vector. */
  readonly vectors: readonly Vector[];
  /** Terms of the item's texts, for keyword search; null for none. An index without terms ignores them. */
  readonly termWeights: TermWeights | null;
  /** The value of the item; the index stores what it needs for filters. */
  readonly value: Value;
  /** When the item expires, milliseconds since the epoch; null for no expiry. Only a hint, because renewals are delayed, see `renew`. */
  readonly expiresAt: number | null;
}

/**
 * Outcome of an upsert. `stored`: the point or a newer one is stored. `contested`: because of a concurrent write there is
 * no point, or one of another write that is not newer; the record decides.
 */
export type UpsertOutcome = "stored" | "contested";

/** The write that the stored vectors of an item come from. */
export interface StoredPoint {
  readonly version: number;
  readonly writeId: string;
}

/** A stored point with its item. */
export interface IndexedPoint extends ItemId, StoredPoint {}

/** A corrected expiry of a point. */
export interface VectorRenewal extends ItemId {
  readonly version: number;
  /** Milliseconds since the epoch; null for no expiry. */
  readonly expiresAt: number | null;
}

/** Removes the vectors of an item that are of an older version, or of this write. */
export interface VectorRemoval extends ItemId {
  readonly version: number;
  /** Of two points with equal versions, only the point of this write is removed; the record decides which one remains. */
  readonly writeId: string;
  /**
   * Whether no intent repeats the removal: it then survives a loss of power once it is acknowledged. Otherwise it may be lost
   * together with the deletion of the intent.
   */
  readonly hasNoIntent?: boolean;
}

/** A query to the index. */
export interface VectorQuery {
  readonly vector: Vector;
  /** Hits are in this namespace or below it. */
  readonly prefix: string;
  /** The index may return hits that do not match the filter, and never omits one that does. */
  readonly filter: Filter | null;
  /** Number of hits; at least 1. */
  readonly limit: number;
}

/** A query by keywords. */
export interface KeywordQuery extends Omit<VectorQuery, "vector"> {
  /** Distinct terms. */
  readonly terms: readonly number[];
}

/** A query by a vector and by keywords; `limit` applies to each ranking. */
export interface HybridQuery extends VectorQuery, KeywordQuery {}

/** Two rankings of the same items. */
export interface Rankings {
  readonly semantic: readonly VectorHit[];
  readonly keyword: readonly VectorHit[];
}

/** A candidate, which must be verified against its record. */
export interface VectorHit extends ItemId {
  readonly writeId: string;
  /**
   * By a vector, that of the item's best vector: its cosine, from -1 to 1; its dot product, without bounds; or 1 / (1 + Euclidean
   * distance), from 0 to 1. By keywords: the sum of weight × idf over the terms
   * that the query and the item have in common, greater than 0. Higher is better.
   */
  readonly score: number;
}

/**
 * The vectors, which are derived from the records. All methods reject with a `StoreError` when the index cannot answer; a
 * missing index is an error, never an empty answer.
 *
 * Once its `deadline` is exceeded, a method sends no further request and rejects; a request in flight may still take effect.
 * Without a deadline, a method runs to completion.
 */
export interface VectorIndex {
  /**
   * Writes points over older ones of the same item; `result[i]` is the outcome of `points[i]`. An existing newer point is
   * kept, and that counts as success. Of two points with equal versions one remains: `contested` reports that it may not be
   * the one of the record, and `overEqual` makes the given point replace it. Vectors of a wrong length fail at their position.
   * Once it resolves, queries see the points. Ids do not repeat within a call.
   */
  upsert(
    points: readonly VectorPoint[],
    options?: { readonly overEqual: boolean },
    deadline?: Deadline,
  ): Promise<PromiseSettledResult<UpsertOutcome>[]>;

  /** Returns the stored points of items, at their positions; null where there is none. */
  stored(ids: readonly ItemId[], deadline?: Deadline): Promise<(StoredPoint | null)[]>;

  /** Returns the stored vectors of items, at their positions, of any length; null where there are none. */
  vectorsOf(ids: readonly ItemId[], deadline?: Deadline): Promise<(readonly Vector[] | null)[]>;

  /** Removes points older than the given version or of the given write; removing a missing point succeeds. */
  remove(removals: readonly VectorRemoval[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]>;

  /**
   * Returns the most similar items, best first, each once. Fewer than `limit` means that there are no more. An index may
   * search approximately; queries with equal limits then return equal answers.
   */
  query(query: VectorQuery, deadline?: Deadline): Promise<VectorHit[]>;

  /**
   * Returns the items that have terms of the query, best first, each once, and no others. Fewer than `limit` means that there
   * are no more. The idf of a term is ln(1 + (N - n + 0.5) / (n + 0.5)): n of the N points with terms have it; an index may
   * estimate both. An index that was created without terms rejects.
   */
  queryKeywords(query: KeywordQuery, deadline?: Deadline): Promise<VectorHit[]>;

  /** Returns the results of `query` and `queryKeywords`, in one request. */
  queryBoth(query: HybridQuery, deadline?: Deadline): Promise<Rankings>;

  /**
   * Reads a page of about `limit` points. Following `next` to the end returns every point that exists during the entire scan.
   *
   * @param after - the `next` of an earlier page; null starts at the beginning
   */
  scan(after: string | null, limit: number, deadline?: Deadline): Promise<ScanPage<IndexedPoint>>;

  /**
   * Returns at most `limit` points that are expired at `now` (milliseconds) according to the index; the record decides.
   * Following `next` to the end returns every such point that exists during the entire scan, even if points are removed
   * meanwhile.
   *
   * @param after - the `next` of an earlier page; null starts at the beginning
   */
  expired(now: number, after: string | null, limit: number, deadline?: Deadline): Promise<Omit<ScanPage<IndexedPoint>, "done">>;

  /** Corrects the expiry of points, each only if it has the given version. */
  renew(renewals: readonly VectorRenewal[], deadline?: Deadline): Promise<void>;
}

/** For decorators of the index. */
export const VECTOR_INDEX_INPUTS: InputCounts<VectorIndex> = { upsert: 2, stored: 1, vectorsOf: 1, remove: 1, query: 1, queryKeywords: 1, queryBoth: 1, scan: 2, expired: 3, renew: 1 };
