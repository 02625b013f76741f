/**
 * Runs batches of operations, for every backend: reads see the state before the batch, the last put to a key wins, each outcome
 * has the position of its operation, and a failed operation fails alone.
 */
import { settleBounded } from "../concurrency/bounded.ts";
import { Bulkhead, type BulkheadLimits } from "../concurrency/bulkhead.ts";
import { ByteBudget } from "../concurrency/byte-budget.ts";
import { Deadline } from "../concurrency/deadline.ts";
import { fulfilled, rejected, settleEach, settleTogether } from "../concurrency/outcomes.ts";
import { isStoreError } from "../model/errors.ts";
import { idText, isLive, type ItemId, type ItemRecord, type LiveRecord } from "../model/item.ts";
import { SUBJECTS, type GetRequest, type ListNamespacesRequest, type PutRequest, type Request, type SearchRequest } from "../model/request.ts";
import { VersionClock } from "../model/version-clock.ts";
import type { Events } from "../ports/events.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import { DegradedState } from "./degraded-state.ts";
import type { Generations } from "./generations.ts";
import type { IntentLog } from "./intent-log.ts";
import { ItemsOfCall } from "./items-of-call.ts";
import { listNamespaces } from "./namespaces.ts";
import { PagePositions } from "./page-positions.ts";
import { ReadBudget, readCounted, type Reading, type ReadLimits } from "./read-budget.ts";
import type { SearchLimits, SearchResult } from "./found.ts";
import { reconcileItem } from "./reconcile-item.ts";
import { Searcher } from "./search.ts";
import { TtlRefresh } from "./ttl-refresh.ts";
import { isRenewable, TtlRules, type TtlOptions } from "./ttl-rules.ts";
import type { MaintenanceRights } from "./maintenance-rights.ts";
import { WritePath, type SyncPolicy } from "./write-path.ts";

/** Result of one request: a record or null, a search result, namespaces, or the version that a put has written. */
export type Answer = LiveRecord | null | SearchResult | string[][] | number;

/** Returns the version of the record in an answer; null if the answer has no record, or several. */
export function versionOf(answer: Answer): number | null {
  if (typeof answer === "number") return answer;
  return answer !== null && "version" in answer ? answer.version : null;
}

/** Returns an answer as the result of a search; null if it is none. */
export function searchOf(answer: Answer): SearchResult | null {
  return answer !== null && typeof answer === "object" && "found" in answer ? answer : null;
}

/** Limits of operations. */
export interface OperationLimits extends SearchLimits, ReadLimits {
  /** Deadline of the puts of a batch, milliseconds. */
  readonly writeDeadlineMs: number;
  /** Most bytes of values that may be in flight in writes. */
  readonly maxPendingBytes: number;
  /** Most searches and listings that run and that wait. */
  readonly searches: BulkheadLimits;
}

/** What a memory depends on. */
export interface MemoryOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly generations: Generations | null;
  readonly intents: IntentLog;
  readonly policy: SyncPolicy;
  readonly limits: OperationLimits;
  readonly ttl: TtlOptions;
  readonly events: Events;
  readonly logger: Logger;
  /** Called with items whose stored vectors are not those of their record. */
  readonly onStale: (ids: readonly ItemId[]) => void;
  readonly rights: MaintenanceRights;
  /** One for the entire life of a store: two clocks could assign the same version. */
  readonly clock?: VersionClock;
  /** One for the entire life of a store; a new one by default. */
  readonly degraded?: DegradedState;
  /** None by default. */
  readonly observer?: Observer;
}

/** Returns, for each id, the positions of its requests that have no outcome yet. */
function openOfEach(requests: readonly PutRequest[], outcomes: readonly (PromiseSettledResult<number> | null)[]): number[][] {
  const open = new Map<string, number[]>();
  requests.forEach((request, i) => {
    if (outcomes[i] !== null) return;
    const id = idText(request);
    const others = open.get(id);
    if (others === undefined) open.set(id, [i]);
    else others.push(i);
  });
  return [...open.values()];
}

/** Codes of errors that occur before anything is written. */
const UNSAVED: ReadonlySet<string> = new Set(["ABORTED", "CODEC", "EMBEDDING", "VALIDATION"]);

/** Returns whether a put failed before anything was saved. */
function isUnsaved(outcome: PromiseSettledResult<number>): boolean {
  return outcome.status === "rejected" && isStoreError(outcome.reason) && UNSAVED.has(outcome.reason.code);
}

function isGet(request: Request): request is GetRequest {
  return request.kind === "get";
}

function isPut(request: Request): request is PutRequest {
  return request.kind === "put";
}

/** Searches and listings of one batch that run concurrently. */
const READS_AT_ONCE = 16;

/** The long-term memory: items in namespaces, found by key, by filter and by meaning. */
export class Memory {
  readonly #items: ItemRepository;
  readonly #limits: OperationLimits;
  readonly #reads: ReadBudget;
  readonly #searcher: Searcher;
  readonly #searches: Bulkhead;
  readonly #writes: WritePath;
  readonly #pendingBytes: ByteBudget;
  readonly #refresh: TtlRefresh;

  constructor(options: MemoryOptions) {
    const { items, generations, intents, policy, limits, ttl, events, logger, clock = new VersionClock(), observer = unobserved } = options;
    const onStale = (ids: readonly ItemId[]): void => {
      observer.staleHits(ids.length);
      options.onStale(ids);
    };
    const rules = new TtlRules(ttl);
    const positions = new PagePositions();
    const degraded = options.degraded ?? new DegradedState(events);
    this.#items = items;
    this.#limits = limits;
    this.#reads = new ReadBudget(limits);
    this.#searcher = new Searcher({ items, generations, limits, events, onStale, degraded, positions, observer });
    const { sizes } = this.#reads;
    this.#searches = new Bulkhead("searches", limits.searches, "limits.maxQueuedSearches", () => sizes.searchesAtOnce);
    this.#writes = new WritePath({ items, generations, intents, policy, ttl: rules, clock, events, logger, positions, observer });
    this.#pendingBytes = new ByteBudget(limits.maxPendingBytes);
    const verify = async (id: ItemId): Promise<boolean> => {
      await reconcileItem({ items, generations }, id);
      return generations?.keepsIntents !== true;
    };
    const vectors = generations === null ? null : { intents, verify };
    this.#refresh = new TtlRefresh({ items, rules, logger, observer, onLate: options.onStale, vectors, rights: options.rights });
  }

  /** Resolves when no TTL refresh is queued or in flight. */
  drained(): Promise<void> {
    return this.#refresh.drained();
  }

  /** Drops the queued TTL refreshes. */
  stop(): void {
    this.#refresh.stop();
  }

  /**
   * Runs a batch; `result[i]` is the outcome of `requests[i]`. All reads share one deadline, and the writes that follow them
   * another.
   */
  run(requests: readonly Request[]): Promise<PromiseSettledResult<Answer>[]> {
    const [first] = requests;
    // The common cases. A single value of any size is returned, so its bytes are not counted.
    if (requests.length === 1 && first?.kind === "get") return settleEach(requests, this.#getWithin([first], new Deadline(this.#limits.deadlineMs), null));
    if (requests.every(isPut)) return settleEach(requests, this.#putWithin(requests));
    // Until all are answered, their results are in memory together.
    return this.#reads.run((reading) => this.#run(requests, reading));
  }

  async #run(requests: readonly Request[], reading: Reading): Promise<PromiseSettledResult<Answer>[]> {
    const deadline = new Deadline(this.#limits.deadlineMs);
    if (requests.every(isGet)) return settleEach(requests, this.#getWithin(requests, deadline, reading));
    const finds = requests.filter((request) => request.kind === "search" || request.kind === "list-namespaces");
    const find = (request: SearchRequest | ListNamespacesRequest): Promise<SearchResult | string[][]> =>
      this.#findWithin(request, deadline.abortedBy([request]), reading);
    if (finds.length === requests.length) return settleBounded(finds, READS_AT_ONCE, find);
    const gets = requests.filter(isGet);
    const puts = requests.filter(isPut);
    const [got, found] = await Promise.all([
      settleEach(gets, this.#getWithin(gets, deadline, reading)),
      settleBounded(finds, READS_AT_ONCE, find),
    ]);
    const put = await settleEach(puts, this.#putWithin(puts));
    const outcomes = new Map<Request, PromiseSettledResult<Answer>>();
    gets.forEach((request, i) => outcomes.set(request, got[i] as PromiseSettledResult<Answer>));
    finds.forEach((request, i) => outcomes.set(request, found[i] as PromiseSettledResult<Answer>));
    puts.forEach((request, i) => outcomes.set(request, put[i] as PromiseSettledResult<Answer>));
    return requests.map((request) => outcomes.get(request) as PromiseSettledResult<Answer>);
  }

  async #getWithin(requests: readonly GetRequest[], given: Deadline, reading: Reading | null): Promise<PromiseSettledResult<LiveRecord | null>[]> {
    if (requests.length === 0) return [];
    const deadline = given.abortedBy(requests);
    try {
      return await deadline.wait(SUBJECTS.get, this.#get(requests, deadline, reading));
    } catch (reason) {
      return requests.map(() => rejected(reason));
    }
  }

  async #putWithin(requests: readonly PutRequest[]): Promise<PromiseSettledResult<number>[]> {
    if (requests.length === 0) return [];
    const bytes = requests.reduce((sum, { value }) => sum + (value?.bytes.byteLength ?? 0), 0);
    return settleTogether(requests.length, async () => {
      this.#pendingBytes.take(bytes);
      try {
        return await this.#put(requests, new Deadline(this.#limits.writeDeadlineMs));
      } finally {
        this.#pendingBytes.giveBack(bytes);
      }
    });
  }

  #findWithin(request: SearchRequest | ListNamespacesRequest, deadline: Deadline, reading: Reading): Promise<SearchResult | string[][]> {
    // The deadline applies inside the bulkhead, so that a search whose deadline is exceeded frees its slot at once.
    return this.#searches.run(() => deadline.wait(SUBJECTS[request.kind], this.#find(request, deadline, reading)), deadline);
  }

  #find(request: SearchRequest | ListNamespacesRequest, deadline: Deadline, reading: Reading): Promise<SearchResult | string[][]> {
    if (reading.fault !== null) return Promise.reject(reading.fault);
    if (request.kind === "search") return this.#search(request, deadline, reading);
    return listNamespaces(new ItemsOfCall(this.#items, deadline), request, reading);
  }

  async #get(requests: readonly GetRequest[], deadline: Deadline, reading: Reading | null): Promise<PromiseSettledResult<LiveRecord | null>[]> {
    if (reading !== null) return this.#getMany(requests, reading, deadline);
    let records: (ItemRecord | null)[];
    try {
      records = await this.#items.get(requests, deadline);
    } catch (reason) {
      return requests.map(() => rejected(reason));
    }
    const now = Date.now();
    const live = records.map((record) => (isLive(record, now) ? record : null));
    this.#renew(live, requests);
    return live.map(fulfilled);
  }

  async #getMany(requests: readonly GetRequest[], reading: Reading, deadline: Deadline): Promise<PromiseSettledResult<LiveRecord | null>[]> {
    const outcomes = await readCounted(new ItemsOfCall(this.#items, deadline), requests, reading);
    const now = Date.now();
    const live = outcomes.map((outcome) => (outcome.status === "fulfilled" && isLive(outcome.value, now) ? outcome.value : null));
    this.#renew(live, requests);
    return outcomes.map((outcome, i) => (outcome.status === "rejected" ? outcome : fulfilled(live[i] ?? null)));
  }

  #renew(live: readonly (LiveRecord | null)[], requests: readonly GetRequest[]): void {
    if (!live.some(isRenewable)) return;
    this.#refresh.enqueue(live.map((record, i) => ({ record, override: requests[i]?.refreshTtl ?? null })));
  }

  async #search(request: SearchRequest, deadline: Deadline, reading: Reading): Promise<SearchResult> {
    const result = await this.#searcher.search(request, deadline, reading);
    if (result.found.some(({ record }) => isRenewable(record))) {
      this.#refresh.enqueue(result.found.map(({ record }) => ({ record, override: request.refreshTtl })));
    }
    return result;
  }

  /**
   * Writes the last put of each key; earlier puts to the same key are superseded and succeed with it. If the last put fails
   * before anything was saved, the one before it is written instead: a failed operation does not undo another.
   */
  async #put(requests: readonly PutRequest[], deadline: Deadline): Promise<PromiseSettledResult<number>[]> {
    const outcomes = requests.map((): PromiseSettledResult<number> | null => null);
    for (let open = openOfEach(requests, outcomes); open.length > 0; open = openOfEach(requests, outcomes)) {
      const last = open.map((positions) => positions.at(-1) as number);
      const written = await this.#writes.put(last.map((i) => requests[i] as PutRequest), deadline);
      open.forEach((positions, i) => {
        const outcome = written[i] as PromiseSettledResult<number>;
        for (const position of isUnsaved(outcome) ? positions.slice(-1) : positions) outcomes[position] = outcome;
      });
    }
    return outcomes as PromiseSettledResult<number>[];
  }
}
