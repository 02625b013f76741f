import type { Deadline } from "../concurrency/deadline.ts";
import type { Filter } from "../model/filter.ts";
import type { ItemId, Value } from "../model/item.ts";
import type { InputCounts } from "./decorate.ts";
import type { ScanPage } from "./scan.ts";

/** A vector: as many finite numbers as the index has dimensions. */
export type Vector = readonly number[];

/** The vectors of one write of one item. */
export interface VectorPoint extends ItemId {
  readonly version: number;
  readonly writeId: string;
  /** At least one; the item's score is that of the best. */
  readonly vectors: readonly Vector[];
  /** The item's value, of which the index keeps what it needs to apply filters. */
  readonly value: Value;
  /** When the item ends, milliseconds since the epoch; null for no end. Only a hint: renewals come here late, see `renew`. */
  readonly expiresAt: number | null;
}

/**
 * What an upsert came to. `stored`: the point, or a newer one, stands. `contested`: another write came between, and there
 * is none now, or one of another write that is no newer; the record tells which is right.
 */
export type UpsertOutcome = "stored" | "contested";

/** Which write the stored vectors of an item are of. */
export interface StoredPoint {
  readonly version: number;
  readonly writeId: string;
}

/** A stored point and the item that it is of. */
export interface IndexedPoint extends ItemId, StoredPoint {}

/** Says that an item ends at another time than its point says. */
export interface VectorRenewal extends ItemId {
  readonly version: number;
  /** Milliseconds since the epoch; null for no end. */
  readonly expiresAt: number | null;
}

/** Takes the vectors of an item away: those of older versions, and those of one write. */
export interface VectorRemoval extends ItemId {
  readonly version: number;
  /** Of points of this very version only that of this write goes: which of two of one instant stands, the record tells. */
  readonly writeId: string;
}

/** What is asked of the index. */
export interface VectorQuery {
  readonly vector: Vector;
  /** Path of the namespace at or below which hits lie. */
  readonly prefix: string;
  /** Hits may be more than match it, never fewer. */
  readonly filter: Filter | null;
  /** The best this many are returned; at least 1. */
  readonly limit: number;
}

/** An item whose vectors are near. It is only a hint: the record decides whether it still holds. */
export interface VectorHit extends ItemId {
  readonly writeId: string;
  /** Cosine similarity of the item's best vector, from -1 to 1; higher is nearer. */
  readonly score: number;
}

/**
 * The vectors: derived from the records, and never trusted without them. All methods reject with a `StoreError` when
 * the index cannot answer; a missing index is such an error, never an empty answer.
 *
 * Once its `deadline` is over, a method sends no further request and rejects with what the deadline says; a request that
 * was sent may still have its effect. Without one, it works to its end.
 */
export interface VectorIndex {
  /**
   * Writes points over older ones of the same item; `result[i]` is what became of `points[i]`. A point that is newer
   * than what is given stays, and that counts as success: the newer write is the one that matters. Of two points of one
   * version one stays, `contested` says that it may not be the one of the record, and `overEqual` that the one given is. Vectors of a wrong length fail
   * at their position. Once it resolves, queries see it. Ids do not repeat within a call.
   */
  upsert(
    points: readonly VectorPoint[],
    options?: { readonly overEqual: boolean },
    deadline?: Deadline,
  ): Promise<PromiseSettledResult<UpsertOutcome>[]>;

  /** What is stored of items, at their positions; null where nothing is. */
  stored(ids: readonly ItemId[], deadline?: Deadline): Promise<(StoredPoint | null)[]>;

  /** Removes points that are older than the version given, or of the write given; removing what is not there succeeds. */
  remove(removals: readonly VectorRemoval[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]>;

  /**
   * The nearest items, best first, each once. Fewer than `limit` means that there are no more. An index may search
   * approximately; two questions of one limit then get one answer.
   */
  query(query: VectorQuery, deadline?: Deadline): Promise<VectorHit[]>;

  /**
   * Reads a part of all points, about `limit` of them. Going on from `next` to the end meets every point that is there
   * all the while.
   *
   * @param after - the `next` of an earlier part; null starts at the beginning
   */
  scan(after: string | null, limit: number, deadline?: Deadline): Promise<ScanPage<IndexedPoint>>;

  /**
   * Points of items that had expired by `now` (milliseconds) by what the index knows, at most `limit`; the record decides.
   * Continuing from `next` to the end meets every such point that is there all the while, also where points are removed
   * in between.
   *
   * @param after - the `next` of an earlier part; null starts at the beginning
   */
  expired(now: number, after: string | null, limit: number, deadline?: Deadline): Promise<Omit<ScanPage<IndexedPoint>, "done">>;

  /** Corrects the ends of points, of each only while it is of the version given. */
  renew(renewals: readonly VectorRenewal[], deadline?: Deadline): Promise<void>;
}

/** For decorators of the index. */
export const VECTOR_INDEX_INPUTS: InputCounts<VectorIndex> = { upsert: 2, stored: 1, remove: 1, query: 1, scan: 2, expired: 3, renew: 1 };
