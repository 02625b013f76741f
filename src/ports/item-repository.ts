import type { Deadline } from "../concurrency/deadline.ts";
import type { ItemId, ItemRecord, LiveRecord } from "../model/item.ts";
import type { NamespaceStart } from "../model/namespace-place.ts";
import type { ListingOrder } from "../model/operation.ts";
import type { InputCounts } from "./decorate.ts";
import type { ScanPage } from "./scan.ts";

/** A place in the listing of one namespace: after the item with this creation time (microseconds) and key. */
export interface ListPosition {
  readonly created: number;
  readonly key: string;
}

/** A page of the items of one namespace. */
export interface ListQuery {
  /** Path of exactly this namespace; not of those below it. */
  readonly namespace: string;
  readonly order: ListingOrder;
  /** Where to go on; null starts at the first item. */
  readonly after: ListPosition | null;
  /** At most this many records are returned; at least 1. */
  readonly limit: number;
}

/** What a page holds. */
export interface ListPage {
  /** Live records in the order asked for; may be fewer than the limit although more follow. */
  readonly records: readonly LiveRecord[];
  /** Where the next page starts; null when there is none. */
  readonly next: ListPosition | null;
}

/** A page of namespaces in label order (`comparePaths`). */
export interface NamespaceQuery {
  /** At or below this path; the root's is "". */
  readonly prefix: string;
  /** Where to start, at or below the prefix; null starts at the prefix itself. */
  readonly from: NamespaceStart | null;
  /** About how many to return; at least 1. */
  readonly limit: number;
  /** Only namespaces flagged as holding, or perhaps holding, an item without a vector. */
  readonly unscored: boolean;
}

/** Namespaces of one page. */
export interface NamespacePage {
  /** In label order; may be none although more follow. */
  readonly paths: readonly string[];
  /** Where the next page starts; null when there is none. */
  readonly next: NamespaceStart | null;
}

/**
 * The records: the truth from which all else can be rebuilt. It stores what it is given and decides nothing: versions,
 * markers and what counts as live are the core's.
 *
 * Every method rejects with a `StoreError` when the database cannot answer; none ever answers less than it was asked.
 *
 * Once its `deadline` is over, a method sends no further request and rejects with what the deadline says; a request that
 * was sent may still have its effect. Without one, it works to its end.
 */
export interface ItemRepository {
  /**
   * Reads records; `result[i]` is what is stored at `ids[i]`, markers of deletes and expired records included, null
   * when nothing is. Sees every write that was acknowledged before the call. Ids may repeat.
   */
  get(ids: readonly ItemId[], deadline?: Deadline): Promise<(ItemRecord | null)[]>;

  /**
   * Writes records with their place in the listing and their namespace in the registry; `result[i]` is what became of
   * `records[i]`. A record is replaced as a whole, and only by a higher version; of two with one version, one stays
   * whole, the same on every replica. Writing a record again changes nothing. Ids do not repeat within a call.
   */
  put(records: readonly ItemRecord[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]>;

  /** Reads a page of one namespace in order of creation, then key (by UTF-8 bytes); an update does not move an item. */
  list(query: ListQuery, deadline?: Deadline): Promise<ListPage>;

  /**
   * One record of each of these namespaces, at its position, whichever is cheapest to meet: markers of deletes and expired
   * ones included. A value may come without its bytes: it says that there is one, and is not for decoding. Null says nothing:
   * there may be records all the same. Paths do not repeat.
   */
  peek(paths: readonly string[], deadline?: Deadline): Promise<(ItemRecord | null)[]>;

  /** Flags namespaces as holding, or perhaps holding, an item without a vector. */
  markUnscored(paths: readonly string[], deadline?: Deadline): Promise<void>;

  /**
   * Reads a page of the registered namespaces at or below a prefix. May name some that hold no item any more; never leaves
   * out one that held an item before the call and still does, nor, of the unscored, one whose flag was set before the call
   * and not cleared. Following `next` to the end meets each once. The cost of a page depends on its limit alone.
   */
  namespacesAfter(query: NamespaceQuery, deadline?: Deadline): Promise<NamespacePage>;

  /**
   * Reads a part of all records of all namespaces, about `limit` of them: markers of deletes, expired records and those
   * that no listing finds included. Going on from `next` to the end meets every record that is there all the while.
   * A record that cannot be decoded is left out and counted.
   *
   * @param after - the `next` of an earlier part; null starts at the beginning
   */
  scan(after: string | null, limit: number, deadline?: Deadline): Promise<RecordScan>;

  /** Whether each record has its place in the listing, and its namespace in the registry; at its position. */
  listed(records: readonly ItemRecord[], deadline?: Deadline): Promise<boolean[]>;

  /**
   * Takes the flag off namespaces of which every live item was seen to have its vector. A flag that was set at `asOf`
   * (milliseconds) or later stays, and so does one that a running lease of any process may rely on.
   */
  clearUnscored(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void>;

  /**
   * Takes namespaces off the registry that were seen to hold no record. An entry that was written at `asOf`
   * (milliseconds) or later stays, and so does one that a running lease of any process may rely on.
   */
  unregister(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void>;

  /**
   * Removes records that ended, or were deleted, longer ago than clocks may differ, where the database does not do so by
   * itself; at most `limit` of them.
   *
   * @returns how many were removed.
   */
  sweep(limit: number, deadline?: Deadline): Promise<number>;
}

/** Records of a scan. */
export interface RecordScan extends ScanPage<ItemRecord> {
  /** Records that could not be decoded. */
  readonly unreadable: number;
}

/** For decorators of the repository. */
export const ITEM_REPOSITORY_INPUTS: InputCounts<ItemRepository> = {
  get: 1,
  put: 1,
  list: 1,
  peek: 1,
  markUnscored: 1,
  namespacesAfter: 1,
  scan: 2,
  listed: 1,
  clearUnscored: 2,
  unregister: 2,
  sweep: 1,
};
