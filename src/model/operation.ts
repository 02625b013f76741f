/** Validates LangGraph's operations and converts them to requests before anything is done. */
import type { MatchCondition } from "@langchain/langgraph-checkpoint";
import { kindOf, ValidationError } from "./errors.ts";
import { charactersOf, parseFilter, type Filter } from "./filter.ts";
import { isBlank } from "./index-text.ts";
import type { IndexOverride } from "./item.ts";
import { toPath, toPathWithin, type LabelRules } from "./namespace.ts";
import { parseCount, parseIndex, parseKey, parseMinScore, parseMode, parseOrder, parseSignal, parseSwitch } from "./operation-fields.ts";
import type { GetRequest, ListingOrder, ListNamespacesRequest, OperationKind, PutRequest, Request, RequestLimits, SearchRequest } from "./request.ts";
import { parseRankingOptions, type RankingRequest } from "./ranking-options.ts";
import type { SearchMode } from "./search-mode.ts";
import { parseLifetime, UNSPECIFIED, type Lifetime } from "./ttl.ts";
import { encodeValue, type EncodedValue } from "./value-codec.ts";

/** The context of an operation: root and defaults of its view. */
export interface OperationContext {
  /** Path of the root of the view. */
  readonly scope: string;
  readonly index?: IndexOverride;
  readonly order?: ListingOrder;
  readonly minScore?: number;
  readonly mode?: SearchMode;
  readonly ranking?: RankingRequest | undefined;
  /** Minutes, or null for no end. */
  readonly ttl?: number | null;
  readonly limits: RequestLimits;
  /** Aborts the batch; the signal of an operation takes precedence. */
  readonly signal?: AbortSignal | undefined;
  /** Current time, milliseconds since the epoch. */
  readonly now: number;
  /** Parsed filters of the batch by input object, so that a repeated object is parsed once. */
  readonly filters?: Map<unknown, Filter | null>;
  /** Errors of the batch by input object, so that a repeated object is refused without being read again. */
  readonly refusals?: Map<object, unknown>;
  /** Whether a rate limit rejects the operation, so that its value need not be encoded. */
  readonly skipsEncoding?: boolean;
}

/** Placeholder for the value of a rejected put. */
const NOT_ENCODED: EncodedValue = { typed: false, bytes: new Uint8Array() };

/**
 * Validates one operation of a batch. As in LangGraph, its fields determine its kind.
 *
 * @throws {ValidationError} or `InvalidNamespaceError`, naming what is wrong; nothing has been done then.
 */
export function parseOperation(operation: unknown, context: OperationContext): Request {
  if (typeof operation !== "object" || operation === null) {
    throw new ValidationError(`An operation must be an object, but got ${kindOf(operation)}.`);
  }
  const fields = operation as Record<string, unknown>;
  switch (kindOfOperation(operation)) {
    case "get":
      return parseGet(fields, context);
    case "put":
    case "delete":
      return parsePut(fields, context);
    case "search":
      return parseSearch(fields, context);
    case "list-namespaces":
      return parseListNamespaces(fields, context);
    case null:
      throw new ValidationError(
        "Unknown operation: use { namespace, key } to get, { namespace, key, value } to put or delete, " +
          "{ namespacePrefix } to search, { matchConditions, limit, offset } to list namespaces.",
      );
  }
}

/** Returns the kind of an operation by its fields, without validation; null when it is not an operation. */
export function kindOfOperation(operation: unknown): OperationKind | null {
  if (typeof operation !== "object" || operation === null) return null;
  if ("namespacePrefix" in operation) return "search";
  if ("namespace" in operation && "key" in operation) {
    if (!("value" in operation)) return "get";
    return operation.value === null ? "delete" : "put";
  }
  const isListing = "matchConditions" in operation || "maxDepth" in operation || "limit" in operation;
  return !("namespace" in operation) && isListing ? "list-namespaces" : null;
}

/** Approximate size of the input of an operation: all that a caller may make long. */
export function inputBytes(request: Request): number {
  switch (request.kind) {
    case "get":
      return request.namespace.length + request.key.length;
    case "put":
      return request.namespace.length + request.key.length + (request.value?.bytes.byteLength ?? 0) + charactersIn(request.index || []);
    case "search":
      return request.prefix.length + (request.query?.length ?? 0) + (request.cursor?.length ?? 0) + charactersOf(request.filter);
    default:
      return request.conditions.reduce((sum, { path }) => sum + charactersIn(path), 0);
  }
}

/** Counts each text as at least the reference to it. */
function charactersIn(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length + 8, 0);
}

/** The path of a namespace below the root of the view. */
function namespacePathOf(namespace: unknown, { scope, limits }: OperationContext, rules: LabelRules): string {
  return toPathWithin(scope, namespace, { ...rules, allowReservedRoot: true, limits });
}

function parseGet(fields: Record<string, unknown>, context: OperationContext): GetRequest {
  const { limits, signal } = context;
  return {
    kind: "get",
    namespace: namespacePathOf(fields["namespace"], context, { allowEmpty: true }),
    key: parseKey(fields["key"], limits),
    refreshTtl: parseSwitch(fields["refreshTtl"], "refreshTtl"),
    signal: parseSignal(fields["signal"] ?? signal),
  };
}

function parsePut(fields: Record<string, unknown>, context: OperationContext): PutRequest {
  const { value } = fields;
  // A batched put may use the root label that LangGraph reserves; only `put` itself rejects it. A delete in the root
  // namespace is harmless, but a put into it is invalid.
  return {
    kind: "put",
    namespace: namespacePathOf(fields["namespace"], context, { allowEmpty: value === null }),
    key: parseKey(fields["key"], context.limits),
    value: value === null ? null : context.skipsEncoding ? NOT_ENCODED : refusedOnce(value, context, () => encodeValue(value, context.limits)),
    index: fields["index"] === undefined || fields["index"] === null ? context.index : refusedOnce(fields["index"], context, () => parseIndex(fields["index"], context.limits)),
    lifetime: value === null ? UNSPECIFIED : lifetimeOf(fields, context),
    signal: parseSignal(fields["signal"] ?? context.signal),
  };
}

function parseSearch(fields: Record<string, unknown>, context: OperationContext): SearchRequest {
  const { query, cursor } = fields;
  const { maxQueryBytes, maxLimit, maxOffset } = context.limits;
  if (query !== undefined && query !== null && typeof query !== "string") {
    throw new ValidationError(`query must be a text, but got ${kindOf(query)}.`);
  }
  if (typeof query === "string" && Buffer.byteLength(query) > maxQueryBytes) {
    throw new ValidationError(
      `query is ${Buffer.byteLength(query)} bytes long; at most ${maxQueryBytes} are allowed (limits.maxQueryBytes): shorten it.`,
    );
  }
  if (cursor !== undefined && cursor !== null && typeof cursor !== "string") {
    throw new ValidationError(`cursor must be the text that an earlier search returned, but got ${kindOf(cursor)}.`);
  }
  return {
    kind: "search",
    scope: context.scope,
    prefix: namespacePathOf(fields["namespacePrefix"], context, { allowEmpty: true }),
    // A blank query cannot rank anything. LangGraph treats an empty query as none.
    query: query === undefined || query === null || isBlank(query) ? null : query.toWellFormed(),
    filter: parseFilterOnce(fields["filter"], context),
    limit: parseCount(fields["limit"] ?? 10, "limit", maxLimit, "limits.maxLimit"),
    offset: parseCount(fields["offset"] ?? 0, "offset", maxOffset, "limits.maxOffset"),
    order: parseOrder(fields["order"] ?? context.order ?? "oldest"),
    cursor: cursor ?? null,
    ...parseRanking(fields, context),
    refreshTtl: parseSwitch(fields["refreshTtl"], "refreshTtl"),
    signal: parseSignal(fields["signal"] ?? context.signal),
  };
}

function parseRanking(fields: Record<string, unknown>, { minScore, mode, ranking }: OperationContext): Pick<SearchRequest, "minScore" | "mode" | "ranking"> {
  return {
    minScore: parseMinScore(fields["minScore"] ?? minScore ?? null),
    mode: parseMode(fields["mode"] ?? mode ?? null),
    ranking: parseRankingOptions(fields, ranking),
  };
}

function parseFilterOnce(given: unknown, context: OperationContext): Filter | null {
  const { limits, filters } = context;
  let filter = filters?.get(given);
  if (filter === undefined) {
    filter = refusedOnce(given, context, () => parseFilter(given, limits));
    filters?.set(given, filter);
  }
  return filter;
}

/** Parses an input. If the batch had the same object and it was refused, throws the same error: refused input counts toward no limit. */
function refusedOnce<T>(given: unknown, { refusals }: OperationContext, parse: () => T): T {
  if (refusals === undefined || typeof given !== "object" || given === null) return parse();
  if (refusals.has(given)) throw refusals.get(given);
  try {
    return parse();
  } catch (error) {
    refusals.set(given, error);
    throw error;
  }
}

function lifetimeOf({ ttl, expiresAt }: Record<string, unknown>, context: OperationContext): Lifetime {
  // `ttl` or `expiresAt` of the put overrides the TTL of the view.
  const own = ttl === undefined && (expiresAt === undefined || expiresAt === null) ? context.ttl : ttl;
  return parseLifetime(own, expiresAt, context.now);
}

function parseListNamespaces(fields: Record<string, unknown>, context: OperationContext): ListNamespacesRequest {
  const { scope, signal, limits } = context;
  const { matchConditions, maxDepth } = fields;
  if (matchConditions !== undefined && matchConditions !== null && !Array.isArray(matchConditions)) {
    throw new ValidationError(`matchConditions must be a list, but got ${kindOf(matchConditions)}.`);
  }
  if (Array.isArray(matchConditions) && matchConditions.length > limits.maxFilterConditions) {
    throw new ValidationError(
      `matchConditions is a list of ${matchConditions.length}; at most ${limits.maxFilterConditions} are allowed ` +
        "(limits.maxFilterConditions).",
    );
  }
  const depth = maxDepth === undefined || maxDepth === null ? null : parseCount(maxDepth, "maxDepth");
  if (depth === 0) throw new ValidationError("maxDepth must be at least 1, but got 0; omit it for any depth.");
  return {
    kind: "list-namespaces",
    scope,
    conditions: refusedOnce(matchConditions, context, () => ((matchConditions ?? []) as unknown[]).map(parseCondition)),
    maxDepth: depth,
    limit: parseCount(fields["limit"] ?? 100, "limit", limits.maxLimit, "limits.maxLimit"),
    offset: parseCount(fields["offset"] ?? 0, "offset", limits.maxOffset, "limits.maxOffset"),
    signal: parseSignal(fields["signal"] ?? signal),
  };
}

function parseCondition(condition: unknown, position: number): MatchCondition {
  const at = `matchConditions[${position}]`;
  if (typeof condition !== "object" || condition === null) {
    throw new ValidationError(`${at} must be { matchType, path }, but got ${kindOf(condition)}.`);
  }
  const { matchType, path } = condition as Record<string, unknown>;
  if (matchType !== "prefix" && matchType !== "suffix") {
    throw new ValidationError(`${at}.matchType must be "prefix" or "suffix", but got ${kindOf(matchType)}.`);
  }
  toPath(path, { allowEmpty: true, allowReservedRoot: true });
  return { matchType, path: [...(path as string[])] };
}
