/** Validated operations. */
import type { MatchCondition } from "@langchain/langgraph-checkpoint";
import type { Filter, FilterLimits } from "./filter.ts";
import type { IndexOverride } from "./item.ts";
import type { NamespaceLimits } from "./namespace.ts";
import type { RankingRequest } from "./ranking-options.ts";
import type { SearchMode } from "./search-mode.ts";
import type { Lifetime } from "./ttl.ts";
import type { EncodedValue, ValueLimits } from "./value-codec.ts";

/** Longest key, in UTF-8 bytes: CQL limits clustering keys to 64 KiB. */
export const MAX_KEY_BYTES = 32_768;

/** Order of a search without a query, within each namespace, by creation. */
export type ListingOrder = "oldest" | "newest";

/** Fields of every request. */
interface Abortable {
  /** Aborts the operation; null without a signal. */
  readonly signal: AbortSignal | null;
}

/** Reads one item. */
export interface GetRequest extends Abortable {
  readonly kind: "get";
  readonly namespace: string;
  readonly key: string;
  /** Whether the read refreshes the time to live; null uses the configuration. */
  readonly refreshTtl: boolean | null;
}

/** Properties that an import takes from the source item. */
export interface PutOrigin {
  /** Microseconds; null when unknown. */
  readonly created: number | null;
  /** Microseconds; null when unknown. */
  readonly updated: number | null;
  /** The expiry of the item; null uses the configuration. */
  readonly expiry: { readonly expiresAt: number | null; readonly ttlMs: number | null } | null;
  /** The version to write, microseconds; drawn before the source was read, so that every later write wins. */
  readonly asOf: number;
  /** Whether to keep a stored item that was updated at the same time or later. */
  readonly keepsNewer: boolean;
  /** Vectors of its texts by the configured model; null embeds the texts. */
  readonly vectors: readonly (readonly number[])[] | null;
}

/** Writes one item, or deletes it when `value` is null. */
export interface PutRequest extends Abortable {
  readonly kind: "put";
  readonly namespace: string;
  readonly key: string;
  readonly value: EncodedValue | null;
  readonly index: IndexOverride;
  readonly lifetime: Lifetime;
  /** Only for imports. */
  readonly origin?: PutOrigin;
}

/** Finds items below a prefix. */
export interface SearchRequest extends Abortable {
  readonly kind: "search";
  readonly prefix: string;
  /** Path of the root of the view. */
  readonly scope: string;
  readonly query: string | null;
  readonly filter: Filter | null;
  readonly limit: number;
  readonly offset: number;
  readonly order: ListingOrder;
  readonly cursor: string | null;
  readonly minScore: number | null;
  /** How a search with a query ranks; null for what is configured. */
  readonly mode: SearchMode | null;
  /** What ranks on top of the mode; null for what is configured. */
  readonly ranking: RankingRequest | null;
  /** Whether the search renews the time to live of its results; null for what is configured. */
  readonly refreshTtl: boolean | null;
}

/** Lists namespaces below a scope; conditions, depth and results are relative to it. */
export interface ListNamespacesRequest extends Abortable {
  readonly kind: "list-namespaces";
  readonly scope: string;
  readonly conditions: readonly MatchCondition[];
  readonly maxDepth: number | null;
  readonly limit: number;
  readonly offset: number;
}

/** A validated operation. */
export type Request = GetRequest | PutRequest | SearchRequest | ListNamespacesRequest;

/** Kinds of operations, as callers see them. */
export type OperationKind = Request["kind"] | "delete";

/** Returns the kind of an operation; a delete is a put without a value. */
export function operationOf(request: Request): OperationKind {
  return request.kind === "put" && request.value === null ? "delete" : request.kind;
}

/** Subjects of error messages, by the kind of the request. */
export const SUBJECTS: Readonly<Record<Request["kind"], string>> = {
  get: "The get",
  put: "The write",
  search: "The search",
  "list-namespaces": "Listing the namespaces",
};

/** Bounds of the input of operations. */
export interface RequestLimits extends ValueLimits, NamespaceLimits, FilterLimits {
  /** Longest key, in UTF-8 bytes. */
  readonly maxKeyBytes: number;
  /** Most text paths in the `index` of a put or view. */
  readonly maxIndexPaths: number;
  /** Most operations in one batch. */
  readonly maxBatchOperations: number;
  /** Most bytes of values, filters, queries, keys, namespaces and index paths in one batch. */
  readonly maxBatchBytes: number;
  /** Greatest `limit` of a search or a listing. */
  readonly maxLimit: number;
  /** Greatest `offset` of a search or a listing. */
  readonly maxOffset: number;
  /** Longest query, in UTF-8 bytes. */
  readonly maxQueryBytes: number;
}
