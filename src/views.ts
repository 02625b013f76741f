/**
 * Stores bound to a prefix or to defaults. What is bound also holds where LangGraph wraps a store inside a graph and
 * passes on only namespace, key, value, filter, limit, offset and query.
 */
import {
  BaseStore,
  type Operation,
  type OperationResults,
} from "@langchain/langgraph-checkpoint";
import type { AnyValue, CallOptions, GetOptions, Item, ListNamespacesOptions, PutOptions, SearchOptions, SearchResults } from "./call-options.ts";
import { Collection, type CollectionOptions } from "./collection.ts";
import type { Answer } from "./core/memory.ts";
import type { SearchResult } from "./core/found.ts";
import { BatchError, kindOf, ValidationError, type StoreError } from "./model/errors.ts";
import { toItem, toSearchItem, type IndexOverride, type LiveRecord } from "./model/item.ts";
import { ROOT, toLabels, toPath, toPathWithin } from "./model/namespace.ts";
import {
  parseIndex,
  parseMinScore,
  inputBytes,
  parseOperation,
  parseOrder,
  type ListingOrder,
  type OperationContext,
  type Request,
  type RequestLimits,
} from "./model/operation.ts";
import { CALL_NAMES, checkOptions, GET_NAMES, LIST_NAMESPACES_NAMES, PUT_NAMES, SEARCH_NAMES, type OptionNames } from "./option-names.ts";
import type { Caller, RunRequests } from "./ports/requests.ts";
import { parseLifetime } from "./model/ttl.ts";

/** What a view binds; a call's own options go before it. */
export interface ViewDefaults {
  /** How puts index their items. */
  index?: false | string[];
  /** Order of searches without a query. */
  order?: ListingOrder;
  /** Lowest score of searches with a query. */
  minScore?: number;
  /** Minutes that items live; null for no end. */
  ttl?: number | null;
  /**
   * `"throw"`: a batch in which an operation fails rejects with a `BatchError`. `"positional"`: it resolves, and a
   * rejected promise stands at the position of each failure; inside a graph, LangGraph then fails only the call that
   * failed, and not all calls of that moment.
   */
  batchErrors?: "throw" | "positional";
  /** On whose behalf the calls are made, for the audit trail: a user's id; null for whom `audit.actor` names. Ignored where `audit.actorTrust` is "verified". */
  actor?: string | null;
}

const DEFAULT_NAMES: OptionNames<ViewDefaults> = {
  index: true,
  order: true,
  minScore: true,
  ttl: true,
  batchErrors: true,
  actor: true,
};

/** What a view stands on: the store, which connects when it must, and its bounds. */
export interface ViewDependencies {
  readonly run: RunRequests<Answer>;
  /** In force now: both may change while the store runs. */
  readonly limits: RequestLimits;
  /** Order of searches without a query where no view says. */
  readonly order: ListingOrder;
  /** The error with which a rate limit refuses operations, before they are parsed; undefined where none does. */
  refusalOf(scope: string, operations: readonly unknown[]): StoreError | undefined;
}

/** A `BaseStore` over a memory, with a prefix as its root and with defaults. */
export class StoreView extends BaseStore {
  readonly #dependencies: ViewDependencies;
  readonly #scope: string;
  readonly #depth: number;
  readonly #defaults: ViewDefaults;

  constructor(dependencies: ViewDependencies, scope: string, defaults: ViewDefaults) {
    super();
    this.#dependencies = dependencies;
    this.#scope = scope;
    this.#depth = toLabels(scope).length;
    this.#defaults = defaults;
  }

  /**
   * A store in which `prefix` is the root: namespaces are given and returned without it, and nothing that this store
   * is given can name a record outside it.
   *
   * @throws {InvalidNamespaceError} when the prefix is empty: a tenant id that is missing must not open everything.
   */
  scoped(prefix: string[]): StoreView {
    const { limits } = this.#dependencies;
    return new StoreView(this.#dependencies, toPathWithin(this.#scope, prefix, { allowReservedRoot: true, limits }), this.#defaults);
  }

  /**
   * The same store with defaults for its calls, and for those that LangGraph makes through it.
   *
   * @throws {ValidationError} when a default is of the wrong kind or unknown.
   */
  with(defaults: ViewDefaults): StoreView {
    return new StoreView(this.#dependencies, this.#scope, { ...this.#defaults, ...checkDefaults(defaults, this.#dependencies.limits) });
  }

  /**
   * Typed access to the items of one namespace.
   *
   * @param options - `schema` checks values on every write and read; `onInvalid` says how reads treat a value that does not match
   * @example
   * ```ts
   * const memories = store.collection(["users", "mia"], { schema: z.object({ text: z.string() }) });
   * await memories.put("k", { text: "likes tea" });
   * ```
   */
  collection<Value extends object = AnyValue, Input = Value>(
    namespace: string[],
    options: CollectionOptions<Value, Input> = {},
  ): Collection<Value, Input> {
    toPathWithin(this.#scope, namespace, { allowReservedRoot: true, limits: this.#dependencies.limits });
    return new Collection(this, namespace, options);
  }

  /**
   * Runs operations as one batch: reads see the state before it, the last put to a key wins, and results stand at the
   * positions of their operations. It is not atomic: one failing operation neither undoes nor hides another.
   *
   * @throws {BatchError} when an operation failed, with the outcome of each.
   */
  override async batch<Op extends Operation[]>(operations: Op, options: CallOptions = {}): Promise<OperationResults<Op>> {
    const { signal } = checkOptions(options, "batch()", CALL_NAMES);
    const outcomes = await this.#settle(operations, signal);
    if (this.#defaults.batchErrors !== "positional") {
      if (outcomes.some(({ status }) => status === "rejected")) throw new BatchError(outcomes);
      return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as OperationResults<Op>;
    }
    return outcomes.map(positional) as OperationResults<Op>;
  }

  /** Reads an item; null when there is none. */
  override async get(namespace: string[], key: string, options: GetOptions = {}): Promise<Item | null> {
    // Field by field: what an operation is, is told by the fields that it has.
    const { refreshTtl, signal } = checkOptions(options, "get()", GET_NAMES);
    return (await this.#one({ namespace, key, refreshTtl, signal })) as Item | null;
  }

  /**
   * Writes an item as a whole, its time to live included.
   *
   * @param index - `false` keeps it out of semantic search; a list of paths says which texts of it are embedded
   * @throws {VectorSyncError} when the record is stored, but its vectors could not be written.
   */
  override async put(
    namespace: string[],
    key: string,
    value: AnyValue,
    index?: false | string[],
    options: PutOptions = {},
  ): Promise<void> {
    // LangGraph's own rule: only a batched put may use the label that it keeps for itself.
    toPath(namespace);
    const { ttl, expiresAt, signal } = checkOptions(options, "put()", PUT_NAMES);
    await this.#one({ namespace, key, value, index, ttl, expiresAt, signal });
  }

  /** Deletes an item; one that is not there is no error. */
  override async delete(namespace: string[], key: string, options: CallOptions = {}): Promise<void> {
    const { signal } = checkOptions(options, "delete()", CALL_NAMES);
    await this.#one({ namespace, key, value: null, signal });
  }

  /** Finds items below a prefix: by similarity with a `query`, otherwise in stable order. `[]` is everything. */
  override async search(namespacePrefix: string[], options: SearchOptions = {}): Promise<SearchResults> {
    return (await this.#one({ ...checkOptions(options, "search()", SEARCH_NAMES), namespacePrefix })) as SearchResults;
  }

  /** Lists the namespaces that hold items, label by label in order. "*" in `prefix` or `suffix` is any one label. */
  override async listNamespaces(
    options: ListNamespacesOptions = {},
  ): Promise<string[][]> {
    const { prefix, suffix, maxDepth, limit, offset, signal } = checkOptions(options, "listNamespaces()", LIST_NAMESPACES_NAMES);
    const matchConditions = [
      ...(prefix === undefined ? [] : [{ matchType: "prefix", path: prefix }]),
      ...(suffix === undefined ? [] : [{ matchType: "suffix", path: suffix }]),
    ];
    return (await this.#one({ matchConditions, maxDepth, limit, offset, signal })) as string[][];
  }

  async #one(operation: unknown): Promise<unknown> {
    const caller = this.#caller([operation]);
    const request = parseOperation(operation, this.#context(caller));
    const [outcome] = await this.#dependencies.run([request], caller);
    if (outcome?.status === "fulfilled") return present(request, outcome.value, this.#depth);
    throw outcome?.reason;
  }

  async #settle(operations: readonly unknown[], signal?: AbortSignal): Promise<PromiseSettledResult<unknown>[]> {
    if (!Array.isArray(operations)) throw new ValidationError("A batch must be a list of operations.");
    const { maxBatchOperations } = this.#dependencies.limits;
    if (operations.length > maxBatchOperations) {
      throw new ValidationError(
        `A batch of ${operations.length} operations is too big; at most ${maxBatchOperations} are taken at once ` +
          "(limits.maxBatchOperations): split it. Nothing was done.",
      );
    }
    const caller = this.#caller(operations);
    const context = { ...this.#context(caller, signal), filters: new Map() };
    let room = context.limits.maxBatchBytes;
    const parsed = operations.map((operation): Request | PromiseRejectedResult => {
      try {
        if (room <= 0) throw tooManyBytes(context.limits);
        const request = parseOperation(operation, context);
        room -= inputBytes(request);
        return request;
      } catch (reason) {
        return { status: "rejected", reason };
      }
    });
    const requests = parsed.filter((each): each is Request => "kind" in each);
    const answers = await this.#dependencies.run(requests, caller);
    let next = 0;
    return parsed.map((each) => {
      if (!("kind" in each)) return each;
      const outcome = answers[next] as PromiseSettledResult<Answer>;
      next += 1;
      return outcome.status === "rejected" ? outcome : this.#present(each, outcome.value);
    });
  }

  #context(caller: Caller, signal?: AbortSignal): OperationContext {
    const { index, order = this.#dependencies.order, minScore, ttl } = this.#defaults;
    return { scope: this.#scope, limits: this.#dependencies.limits, index, order, minScore, ttl, signal, now: Date.now(), isRefused: caller.refusal !== undefined };
  }

  #caller(operations: readonly unknown[]): Caller {
    const refusal = this.#dependencies.refusalOf(this.#scope, operations);
    return { scope: this.#scope, actor: this.#defaults.actor ?? null, refusal };
  }

  /** Turns an answer into what LangGraph's contract gives. */
  #present(request: Request, answer: Answer): PromiseSettledResult<unknown> {
    try {
      return { status: "fulfilled", value: present(request, answer, this.#depth) };
    } catch (reason) {
      // A record that cannot be decoded fails its own operation only.
      return { status: "rejected", reason };
    }
  }
}

function present(request: Request, answer: Answer, depth: number): unknown {
  switch (request.kind) {
    case "get":
      return answer === null ? null : toItem(answer as LiveRecord, depth);
    case "put":
      // LangGraph's contract: a put has no result.
      return undefined;
    case "search":
      return presentSearch(answer as SearchResult, depth);
    default:
      return answer;
  }
}

function presentSearch({ found, info }: SearchResult, depth: number): SearchResults {
  const results = found.map(({ record, value, score }) => toSearchItem(record, depth, value, score));
  return Object.defineProperty(results, "info", { value: Object.freeze({ ...info }), enumerable: false }) as SearchResults;
}

function tooManyBytes({ maxBatchBytes }: RequestLimits): ValidationError {
  return new ValidationError(
    `The operations before this one of the batch have ${maxBatchBytes} bytes of keys, values, filters and queries, and no more are ` +
      "taken at once (limits.maxBatchBytes): split the batch. Nothing of this operation was done.",
  );
}

function positional(outcome: PromiseSettledResult<unknown>): unknown {
  if (outcome.status === "fulfilled") return outcome.value;
  const failure = Promise.reject(outcome.reason);
  // Whoever takes the position handles it; until then it must not end the process as unhandled.
  failure.catch(() => undefined);
  return failure;
}

function checkDefaults(defaults: ViewDefaults, limits: RequestLimits): ViewDefaults {
  if (typeof defaults !== "object" || defaults === null) {
    throw new ValidationError(`with() takes an object of defaults, but got ${kindOf(defaults)}.`);
  }
  const { index, order, minScore, ttl, batchErrors, actor } = checkOptions(defaults, "with()", DEFAULT_NAMES);
  if (batchErrors !== undefined && batchErrors !== "throw" && batchErrors !== "positional") {
    throw new ValidationError('batchErrors must be "throw" or "positional".');
  }
  if (actor !== undefined && actor !== null && (typeof actor !== "string" || actor === "")) {
    // An empty one is a user id that is missing.
    throw new ValidationError(`actor must be a text that is not empty, or null, but got ${actor === "" ? "an empty one" : kindOf(actor)}.`);
  }
  parseLifetime(ttl, undefined, Date.now());
  const checkedIndex: IndexOverride = parseIndex(index, limits);
  return {
    ...(checkedIndex === undefined ? {} : { index: checkedIndex === false ? false : [...checkedIndex] }),
    ...(order === undefined ? {} : { order: parseOrder(order) }),
    ...(minScore === undefined ? {} : withMinScore(parseMinScore(minScore))),
    ...(ttl === undefined ? {} : { ttl }),
    ...(batchErrors === undefined ? {} : { batchErrors }),
    ...(actor === undefined ? {} : { actor }),
  };
}

function withMinScore(minScore: number | null): ViewDefaults {
  return minScore === null ? {} : { minScore };
}

/** The scope of a store itself. */
export const WHOLE_STORE = ROOT;

