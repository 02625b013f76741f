import type { Deadline } from "../concurrency/deadline.ts";
import type { Filter } from "../model/filter.ts";
import type { ItemId, ItemRecord, LiveRecord } from "../model/item.ts";
import type { NamespaceStart } from "../model/namespace-place.ts";
import type { ListingOrder } from "../model/request.ts";
import type { InputCounts } from "./decorate.ts";
import type { ScanPage } from "./scan.ts";

/** A position in the listing of one namespace: after the item with this creation time (microseconds) and key. */
export interface ListPosition {
  readonly created: number;
  readonly key: string;
}

/** A page of the items of one namespace. */
export interface ListQuery {
  /** Path of the namespace; namespaces below it are not included. */
  readonly namespace: string;
  readonly order: ListingOrder;
  /** Where to continue; null starts at the first item. */
  readonly after: ListPosition | null;
  /** At most this many live records are read, whether returned or left out; at least 1. */
  readonly limit: number;
  /** Records whose values do not match may be left out. No record is left out whose value cannot be decoded. */
  readonly filter?: Filter | null;
}

/** Records of a page that do not match the filter, one after another. */
export interface NonMatching {
  /** At least 1. */
  readonly count: number;
  /** Position after the last of them. */
  readonly end: ListPosition;
}

/** A page of records. */
export interface ListPage {
  /** Live records in the requested order; may be fewer than the limit although more follow. */
  readonly records: readonly LiveRecord[];
  /** Where the next page starts; null when there is none. */
  readonly next: ListPosition | null;
  /** Live records that were left out before each record, and after the last one; absent if no record was. */
  readonly nonMatching?: readonly (NonMatching | null)[];
}

/** A page of namespaces in label order (`comparePaths`). */
export interface NamespaceQuery {
  /** At or below this path; the root's is "". */
  readonly prefix: string;
  /** Where to start, at or below the prefix; null starts at the prefix itself. */
  readonly from: NamespaceStart | null;
  /** About how many to return; at least 1. */
  readonly limit: number;
  /** Whether to return only namespaces flagged as possibly containing an item without a vector. */
  readonly unscored: boolean;
}

/** Namespaces of one page. */
export interface NamespacePage {
  /** In label order; may be empty although more follow. */
  readonly paths: readonly string[];
  /** Where the next page starts; null when there is none. */
  readonly next: NamespaceStart | null;
}

/**
 * The records, which are the source of truth. The repository stores what it receives; the core decides about versions,
 * markers and which records are live.
 *
 * Every method rejects with a `StoreError` when the database cannot answer; no method returns a partial answer.
 *
 * Once its `deadline` is exceeded, a method sends no further request and rejects; a request in flight may still take effect.
 * Without a deadline, a method runs to completion.
 */
export interface ItemRepository {
  /**
   * Reads records; `result[i]` is the record of `ids[i]`, including delete markers and expired records, or null. Sees every
   * write that was acknowledged before the call. Ids may repeat.
   */
  get(ids: readonly ItemId[], deadline?: Deadline): Promise<(ItemRecord | null)[]>;

  /**
   * Writes records with their listing entry and the registration of their namespace; `result[i]` is the outcome of
   * `records[i]`. A record is replaced atomically, and only by a higher version; of two records with equal versions, one
   * remains in full, the same on every replica. Writing a record again changes nothing. Ids do not repeat within a call.
   */
  put(records: readonly ItemRecord[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]>;

  /** Reads a page of one namespace in order of creation, then key (by UTF-8 bytes); an update does not move an item. */
  list(query: ListQuery, deadline?: Deadline): Promise<ListPage>;

  /**
   * Returns one record of each namespace, at its position: the one that is cheapest to read, possibly a delete marker or an
   * expired record. A value may lack its bytes and is not for decoding. Null does not mean that the namespace is empty. Paths
   * do not repeat.
   */
  peek(paths: readonly string[], deadline?: Deadline): Promise<(ItemRecord | null)[]>;

  /** Flags namespaces as possibly containing an item without a vector. */
  markUnscored(paths: readonly string[], deadline?: Deadline): Promise<void>;

  /**
   * Reads a page of the registered namespaces at or below a prefix. May include namespaces without items. Never omits a
   * namespace that had an item before the call and still has one, nor, with `unscored`, one whose flag was set before the call
   * and not cleared. Following `next` to the end returns each once. The cost of a page depends only on its limit.
   */
  namespacesAfter(query: NamespaceQuery, deadline?: Deadline): Promise<NamespacePage>;

  /**
   * Reads a page of about `limit` records of all namespaces, including delete markers, expired records and records without a
   * listing entry. Following `next` to the end returns every record that exists during the entire scan. Records that cannot be
   * decoded are omitted and counted.
   *
   * @param after - the `next` of an earlier page; null starts at the beginning
   */
  scan(after: string | null, limit: number, deadline?: Deadline): Promise<RecordScan>;

  /** Returns, at the position of each record, whether it has its listing entry and its namespace is registered. */
  listed(records: readonly ItemRecord[], deadline?: Deadline): Promise<boolean[]>;

  /**
   * Clears the flag of namespaces in which every live item was found to have a vector. Keeps flags set at `asOf`
   * (milliseconds) or later, and flags that the registration cache of a process may rely on.
   */
  clearUnscored(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void>;

  /**
   * Unregisters namespaces in which no record was found. Keeps entries written at `asOf` (milliseconds) or later, and entries
   * that the registration cache of a process may rely on.
   */
  unregister(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void>;

  /**
   * Removes at most `limit` records that expired or were deleted longer ago than the tolerated clock skew, if the database
   * does not remove them itself.
   *
   * @returns the number of removed records.
   */
  sweep(limit: number, deadline?: Deadline): Promise<number>;
}

/** A page of a scan of records. */
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
