/** Options and results of the calls of a store. */
import type { Item as LangGraphItem, SearchItem as LangGraphSearchItem } from "@langchain/langgraph-checkpoint";
import type { SearchInfo } from "./core/found.ts";
import type { ListingOrder } from "./model/operation.ts";
import type { Filter } from "./model/typed-filter.ts";

/** A stored value of a type that is not known. */
export type AnyValue = LangGraphItem["value"];

/** A stored item, with its value. */
export type Item<Value = AnyValue> = Omit<LangGraphItem, "value"> & { value: Value };

/** A result of a search. */
export type SearchItem<Value = AnyValue> = Omit<LangGraphSearchItem, "value"> & { value: Value };

/** What every call takes. */
export interface CallOptions {
  /**
   * Ends the wait for the call, which then rejects with an `AbortError`. A write that has begun goes on: it may be
   * stored, and what is derived from it will be right.
   */
  signal?: AbortSignal;
}

/** Options of a search. */
export interface SearchOptions<Value = unknown> extends CallOptions {
  /** Conditions on the values, see `docs/filters.md`. */
  filter?: Filter<Value>;
  /** Most results; 10 by default. */
  limit?: number;
  /** Results to leave out first; 0 by default. */
  offset?: number;
  /** Ranks results by their similarity to this text. */
  query?: string;
  /** Order of a search without a query, by creation within each namespace. */
  order?: ListingOrder;
  /** Goes on after the results of an earlier search: its `info.cursor`. */
  cursor?: string | null;
  /** Leaves out results that score less, and those without a score. */
  minScore?: number;
  /** Whether the search renews the time to live of its results; what is configured by default. */
  refreshTtl?: boolean;
}

/** Options of a put. */
export interface PutOptions extends CallOptions {
  /** Minutes that the item lives; null for no end. */
  ttl?: number | null;
  /** When the item ends, instead of `ttl`; reading it does not move this. */
  expiresAt?: Date;
}

/** Options of a get. */
export interface GetOptions extends CallOptions {
  /** Whether the read renews the item's time to live; what is configured by default. */
  refreshTtl?: boolean;
}

/** Options of a listing of namespaces. */
export interface ListNamespacesOptions extends CallOptions {
  /** First labels; "*" matches any one label. */
  prefix?: string[];
  /** Last labels; "*" matches any one label. */
  suffix?: string[];
  /** Cuts namespaces to so many labels. */
  maxDepth?: number;
  /** Most results; 100 by default. */
  limit?: number;
  /** Results to leave out first; 0 by default. */
  offset?: number;
}

/** Results of a search: an array like any other, that also tells how it came about. */
export type SearchResults<Value = AnyValue> = SearchItem<Value>[] & {
  /** Not enumerable, so that results compare and serialise as a plain array. */
  readonly info: SearchInfo;
};
