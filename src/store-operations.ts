/**
 * The calls of LangGraph's `BaseStore`, and views: stores bound to a prefix or to defaults. LangGraph wraps the store inside a
 * graph and passes only namespace, key, value, filter, limit, offset and query; what a view binds applies there, too.
 */
import {
  BaseStore,
  type Operation,
  type OperationResults,
} from "@langchain/langgraph-checkpoint";
import type { AnyValue, CallOptions, GetOptions, Item, ListNamespacesOptions, PutOptions, SearchOptions, SearchResults } from "./call-options.ts";
import { Collection, type CollectionOptions } from "./collection.ts";
import { COUNT_NAMES, ITEMS_NAMES, itemsOf, pagesOf, type CountOptions, type ItemsOptions } from "./iteration.ts";
import { TimeSlice } from "./concurrency/time-slice.ts";
import type { Answer } from "./core/memory.ts";
import type { SearchResult } from "./core/found.ts";
import { BatchError, ValidationError, type StoreError } from "./model/errors.ts";
import { toItem, toSearchItem, type LiveRecord } from "./model/item.ts";
import { toLabels, toPath, toPathWithin } from "./model/namespace.ts";
import { inputBytes, parseOperation, type OperationContext } from "./model/operation.ts";
import type { ListingOrder, Request, RequestLimits } from "./model/request.ts";
import { CALL_NAMES, checkOptions, GET_NAMES, LIST_NAMESPACES_NAMES, PUT_NAMES, SEARCH_NAMES } from "./option-names.ts";
import type { Caller, RunRequests } from "./ports/requests.ts";
import { checkDefaults, type CheckedDefaults, type ViewDefaults } from "./view-defaults.ts";

/** What the calls need of the store's runtime. */
export interface OperationDependencies {
  readonly run: RunRequests<Answer>;
  /** The current limits: a reload may change them, and `order`. */
  readonly limits: RequestLimits;
  /** Order of searches without a query, for views that do not set it. */
  readonly order: ListingOrder;
  /** Returns the error with which a rate limit refuses operations, before they are parsed; undefined where none does. */
  refusalOf(scope: string, operations: readonly unknown[]): StoreError | undefined;
}

/** The calls of LangGraph's `BaseStore`, relative to a scope. Base class of the store, whose scope is the root, and of views. */
export class StoreOperations extends BaseStore {
  readonly #dependencies: OperationDependencies;
  readonly #scope: string;
  readonly #depth: number;
  readonly #defaults: CheckedDefaults;

  /** @internal */
  constructor(dependencies: OperationDependencies, scope: string, defaults: CheckedDefaults) {
    super();
    this.#dependencies = dependencies;
    this.#scope = scope;
    this.#depth = toLabels(scope).length;
    this.#defaults = defaults;
  }

  /**
   * Returns a view in which `prefix` is the root: namespaces are given and returned without it, and no call can reach a
   * record outside it.
   *
   * @throws {InvalidNamespaceError} when the prefix is empty: a missing tenant id must not open the entire store.
   */
  scoped(prefix: string[]): StoreView {
    const { limits } = this.#dependencies;
    return new StoreView(this.#dependencies, toPathWithin(this.#scope, prefix, { allowReservedRoot: true, limits }), this.#defaults);
  }

  /**
   * Returns a view with defaults for its calls, which also apply to calls that LangGraph makes through it.
   *
   * @throws {ValidationError} when a default is unknown or of the wrong kind.
   */
  with(defaults: ViewDefaults): StoreView {
    return new StoreView(this.#dependencies, this.#scope, checkDefaults(defaults, this.#dependencies.limits, this.#defaults));
  }

  /**
   * Returns typed access to the items of one namespace.
   *
   * @param options - `schema` checks values on every write and read; `onInvalid` selects how reads treat a value that does not match
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
   * Runs operations as one batch: reads see the state before the batch, the last put to a key wins, and each result has the
   * position of its operation. Not atomic: a failed operation neither undoes nor hides another.
   *
   * @throws {BatchError} when an operation failed, with the outcome of each.
   */
  override async batch<Op extends Operation[]>(operations: Op, options: CallOptions = {}): Promise<OperationResults<Op>> {
    const { signal } = checkOptions(options, "batch()", CALL_NAMES);
    const outcomes = await this.#runBatch(operations, signal);
    if (this.#defaults.batchErrors !== "positional") {
      if (outcomes.some(({ status }) => status === "rejected")) throw new BatchError(outcomes);
      return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as OperationResults<Op>;
    }
    return outcomes.map(positional) as OperationResults<Op>;
  }

  /** Reads an item; null when there is none. */
  override async get(namespace: string[], key: string, options: GetOptions = {}): Promise<Item | null> {
    // Not spread, as the fields of an operation determine its kind.
    const { refreshTtl, signal } = checkOptions(options, "get()", GET_NAMES);
    return (await this.#runOne({ namespace, key, refreshTtl, signal })) as Item | null;
  }

  /**
   * Writes an item, replacing it entirely, its TTL included.
   *
   * @param index - `false` keeps the item out of semantic search; a list of paths selects the texts to embed
   * @throws {VectorSyncError} when the record is stored, but its vectors could not be written.
   */
  override async put(
    namespace: string[],
    key: string,
    value: AnyValue,
    index?: false | string[],
    options: PutOptions = {},
  ): Promise<void> {
    // Only to validate: LangGraph allows its reserved label in batched puts, but not here.
    toPath(namespace);
    const { ttl, expiresAt, signal } = checkOptions(options, "put()", PUT_NAMES);
    await this.#runOne({ namespace, key, value, index, ttl, expiresAt, signal });
  }

  /** Deletes an item; a missing item is no error. */
  override async delete(namespace: string[], key: string, options: CallOptions = {}): Promise<void> {
    const { signal } = checkOptions(options, "delete()", CALL_NAMES);
    await this.#runOne({ namespace, key, value: null, signal });
  }

  /** Finds items below a prefix, ranked by similarity with a `query` or in stable order. The prefix `[]` searches the entire store. */
  override async search(namespacePrefix: string[], options: SearchOptions = {}): Promise<SearchResults> {
    return (await this.#runOne({ ...checkOptions(options, "search()", SEARCH_NAMES), namespacePrefix })) as SearchResults;
  }

  /** Lists the namespaces that hold items, ordered label by label. "*" in `prefix` or `suffix` matches any one label. */
  override async listNamespaces(
    options: ListNamespacesOptions = {},
  ): Promise<string[][]> {
    const { prefix, suffix, maxDepth, limit, offset, signal } = checkOptions(options, "listNamespaces()", LIST_NAMESPACES_NAMES);
    const matchConditions = [
      ...(prefix === undefined ? [] : [{ matchType: "prefix", path: prefix }]),
      ...(suffix === undefined ? [] : [{ matchType: "suffix", path: suffix }]),
    ];
    return (await this.#runOne({ matchConditions, maxDepth, limit, offset, signal })) as string[][];
  }

  /**
   * Counts the items below a prefix, `[]` for all, in bounded memory. Reads all of them: the cost grows with their number.
   */
  async count(prefix: string[], options: CountOptions = {}): Promise<number> {
    let count = 0;
    // An item that cannot be decoded exists, but whether it matches a filter is unknown.
    for await (const { length, info } of this.#pages(prefix, checkOptions(options, "count()", COUNT_NAMES))) {
      count += length + (options.filter === undefined ? info.unreadable : 0);
    }
    return count;
  }

  /** Iterates over the namespaces and keys of all items below a prefix, `[]` for all, in bounded memory. */
  async *keys(prefix: string[], options: CallOptions = {}): AsyncGenerator<{ namespace: string[]; key: string }, void, undefined> {
    for await (const { namespace, key } of itemsOf(this.#pages(prefix, checkOptions(options, "keys()", CALL_NAMES)))) yield { namespace, key };
  }

  /**
   * Iterates over all items below a prefix, `[]` for all, in stable order and bounded memory. Writes may continue during the iteration.
   *
   * @throws {CodecError} when the value of an item cannot be decoded.
   */
  items(prefix: string[], options: ItemsOptions = {}): AsyncGenerator<Item, void, undefined> {
    return itemsOf(this.#pages(prefix, checkOptions(options, "items()", ITEMS_NAMES)));
  }

  #pages(prefix: string[], options: ItemsOptions): AsyncGenerator<SearchResults, void, undefined> {
    return pagesOf((namespacePrefix, page) => this.search(namespacePrefix, page), this.#dependencies.limits.maxLimit, prefix, options);
  }

  async #runOne(operation: unknown): Promise<unknown> {
    const caller = this.#callerOf([operation]);
    const request = parseOperation(operation, this.#contextOf(caller));
    const [outcome] = await this.#dependencies.run([request], caller);
    if (outcome?.status === "fulfilled") return present(request, outcome.value, this.#depth);
    throw outcome?.reason;
  }

  async #runBatch(operations: readonly unknown[], signal?: AbortSignal): Promise<PromiseSettledResult<unknown>[]> {
    if (!Array.isArray(operations)) throw new ValidationError("A batch must be a list of operations.");
    const { maxBatchOperations } = this.#dependencies.limits;
    if (operations.length > maxBatchOperations) {
      throw new ValidationError(
        `A batch of ${operations.length} operations is too big; at most ${maxBatchOperations} are allowed ` +
          "(limits.maxBatchOperations): split it. Nothing was done.",
      );
    }
    const caller = this.#callerOf(operations);
    const context = { ...this.#contextOf(caller, signal), filters: new Map(), refusals: new Map() };
    let remainingBytes = context.limits.maxBatchBytes;
    const parsed = operations.map((operation): Request | PromiseRejectedResult => {
      try {
        if (remainingBytes <= 0) throw tooManyBytes(context.limits);
        const request = parseOperation(operation, context);
        remainingBytes -= inputBytes(request);
        return request;
      } catch (reason) {
        return { status: "rejected", reason };
      }
    });
    const requests = parsed.filter((each): each is Request => "kind" in each);
    const answers = await this.#dependencies.run(requests, caller);
    const outcomes: PromiseSettledResult<unknown>[] = [];
    const slice = new TimeSlice();
    let next = 0;
    for (const each of parsed) {
      if (!("kind" in each)) {
        outcomes.push(each);
        continue;
      }
      const outcome = answers[next] as PromiseSettledResult<Answer>;
      next += 1;
      outcomes.push(outcome.status === "rejected" ? outcome : this.#presentSettled(each, outcome.value));
      // Large values take long to decode.
      const turn = slice.turn();
      if (turn !== null) await turn;
    }
    return outcomes;
  }

  #contextOf(caller: Caller, signal?: AbortSignal): OperationContext {
    const { index, order = this.#dependencies.order, minScore, mode, ranking, ttl } = this.#defaults;
    return { scope: this.#scope, limits: this.#dependencies.limits, index, order, minScore, mode, ranking, ttl, signal, now: Date.now(), skipsEncoding: caller.refusal !== undefined };
  }

  /** Determines a refusal by the rate limit now, so that a refused value is not encoded; the middleware rejects with it. */
  #callerOf(operations: readonly unknown[]): Caller {
    const refusal = this.#dependencies.refusalOf(this.#scope, operations);
    return { scope: this.#scope, actor: this.#defaults.actor ?? null, refusal };
  }

  #presentSettled(request: Request, answer: Answer): PromiseSettledResult<unknown> {
    try {
      return { status: "fulfilled", value: present(request, answer, this.#depth) };
    } catch (reason) {
      // A record that cannot be decoded fails only its own operation.
      return { status: "rejected", reason };
    }
  }
}

/** A store bound to a prefix or to defaults, see {@link StoreOperations.scoped} and {@link StoreOperations.with}. */
export class StoreView extends StoreOperations {}

/** Returns an answer of the core in the form of LangGraph's contract. */
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
  const results = found.map(({ record, value, score, explanation }) => {
    const item = toSearchItem(record, depth, value, score);
    return explanation === undefined ? item : { ...item, explanation };
  });
  return Object.defineProperty(results, "info", { value: Object.freeze({ ...info }), enumerable: false }) as SearchResults;
}

function tooManyBytes({ maxBatchBytes }: RequestLimits): ValidationError {
  return new ValidationError(
    `The operations before this one in the batch have ${maxBatchBytes} bytes of keys, values, filters and queries, the most that a ` +
      "batch may have (limits.maxBatchBytes): split the batch. This operation was not run.",
  );
}

function positional(outcome: PromiseSettledResult<unknown>): unknown {
  if (outcome.status === "fulfilled") return outcome.value;
  const failure = Promise.reject(outcome.reason);
  // The caller handles it at its position; until then it must not end the process as an unhandled rejection.
  failure.catch(() => undefined);
  return failure;
}
