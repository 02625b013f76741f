/** Options and results of the calls of a store. */
import type { Item as LangGraphItem, SearchItem as LangGraphSearchItem } from "@langchain/langgraph-checkpoint";
import type { Explanation, SearchInfo } from "./core/found.ts";
import type { RankingOptions } from "./model/ranking-options.ts";
import type { ListingOrder } from "./model/request.ts";
import type { SearchMode } from "./model/search-mode.ts";
import type { Filter } from "./model/typed-filter.ts";

/** A stored value of unknown type. */
export type AnyValue = LangGraphItem["value"];

/** A stored item, with its value. */
export type Item<Value = AnyValue> = Omit<LangGraphItem, "value"> & { value: Value };

/** A result of a search. */
export type SearchItem<Value = AnyValue> = Omit<LangGraphSearchItem, "value"> & {
  value: Value;
  /** How the result got its place, with `explain: true`. */
  explanation?: Explanation;
};

/** Options of every call. */
export interface CallOptions {
  /**
   * Aborts the call, which then rejects with an `AbortError`. A write that has started continues: it may be stored, and its
   * vectors will be consistent with it.
   */
  signal?: AbortSignal;
}

/** Options of a search. */
export interface SearchOptions<Value = unknown> extends CallOptions, RankingOptions {
  /** Conditions on the values, see `docs/filters.md`. */
  filter?: Filter<Value>;
  /** Most results; 10 by default. */
  limit?: number;
  /** Number of results to skip; 0 by default. */
  offset?: number;
  /** Ranks results by this text, in the mode of `mode`. */
  query?: string;
  /** How a search with a query ranks: by similarity, by words in common, or by both; what is configured by default (`index.mode`). */
  mode?: SearchMode;
  /** Order of a search without a query, by creation within each namespace. */
  order?: ListingOrder;
  /** Continues after the results of an earlier search: its `info.cursor`. */
  cursor?: string | null;
  /**
   * Omits results with a lower score or without one. Higher is always better. Semantic scores are cosines
   * from -1 to 1 unless `index.metric` is another one; keyword scores are
   * greater than 0 and have no bound; hybrid scores are from 0 to 1 and relative to the other candidates of the search.
   */
  minScore?: number;
  /** Whether the search restarts the TTL of its results; as configured by default. */
  refreshTtl?: boolean;
}

/** Options of a put. */
export interface PutOptions extends CallOptions {
  /** TTL of the item, minutes; null for an item that does not expire. */
  ttl?: number | null;
  /** When the item expires, instead of `ttl`; reads do not change it. */
  expiresAt?: Date;
}

/** Options of a get. */
export interface GetOptions extends CallOptions {
  /** Whether the read restarts the TTL of the item; as configured by default. */
  refreshTtl?: boolean;
}

/** Options of a listing of namespaces. */
export interface ListNamespacesOptions extends CallOptions {
  /** First labels; "*" matches any one label. */
  prefix?: string[];
  /** Last labels; "*" matches any one label. */
  suffix?: string[];
  /** Truncates namespaces to this number of labels. */
  maxDepth?: number;
  /** Most results; 100 by default. */
  limit?: number;
  /** Number of results to skip; 0 by default. */
  offset?: number;
}

/** Results of a search: an array with information on how the search was answered. */
export type SearchResults<Value = AnyValue> = SearchItem<Value>[] & {
  /** Not enumerable, so that results compare and serialize as a plain array. */
  readonly info: SearchInfo;
};
