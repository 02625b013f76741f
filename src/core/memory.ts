/**
 * What the store does with a batch, whatever keeps the data: reads see the state before the batch, the last put to a
 * key wins, outcomes stand at the positions of their operations, and one failing operation fails alone.
 */
import { settleBounded } from "../concurrency/bounded.ts";
import { fulfilled, settleTogether } from "../concurrency/outcomes.ts";
import { idText, isLive, type LiveRecord } from "../model/item.ts";
import type { GetRequest, PutRequest, Request, SearchRequest } from "../model/operation.ts";
import { VersionClock } from "../model/version-clock.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import { listNamespaces } from "./namespaces.ts";
import type { SearchLimits, SearchResult } from "./found.ts";
import { Searcher } from "./search.ts";
import { TtlRefresh } from "./ttl-refresh.ts";
import { TtlRules, type TtlOptions } from "./ttl-rules.ts";
import { WritePath, type Indexing } from "./write-path.ts";

/** What one request comes to: a record or null, a search result, namespaces, or nothing for a put. */
export type Answer = LiveRecord | null | SearchResult | string[][] | undefined;

/** What a memory stands on. */
export interface MemoryOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly indexing: Indexing | null;
  readonly limits: SearchLimits;
  readonly ttl: TtlOptions;
  readonly logger: Logger;
  readonly clock?: VersionClock;
}

/** Searches and listings of one batch that run at once. */
const READS_AT_ONCE = 16;

/** The long-term memory: items in namespaces, found by key, by filter and by meaning. */
export class Memory {
  readonly #items: ItemRepository;
  readonly #searcher: Searcher;
  readonly #writes: WritePath;
  readonly #refresh: TtlRefresh;

  constructor({ items, indexing, limits, ttl, logger, clock = new VersionClock() }: MemoryOptions) {
    const rules = new TtlRules(ttl);
    this.#items = items;
    this.#searcher = new Searcher({ items, indexing, limits, logger });
    this.#writes = new WritePath({ items, indexing, ttl: rules, clock });
    this.#refresh = new TtlRefresh(items, rules, logger);
  }

  /** Runs a batch; `result[i]` is the outcome of `requests[i]`. */
  async run(requests: readonly Request[]): Promise<PromiseSettledResult<Answer>[]> {
    const outcomes = new Map<Request, PromiseSettledResult<Answer>>();
    const gets = requests.filter((request) => request.kind === "get");
    const puts = requests.filter((request) => request.kind === "put");
    const finds = requests.filter((request) => request.kind === "search" || request.kind === "list-namespaces");
    const [got, found] = await Promise.all([
      this.#get(gets),
      settleBounded(finds, READS_AT_ONCE, async (request): Promise<Answer> =>
        request.kind === "search" ? this.#search(request) : listNamespaces(this.#items, request),
      ),
    ]);
    gets.forEach((request, i) => outcomes.set(request, got[i] as PromiseSettledResult<Answer>));
    finds.forEach((request, i) => outcomes.set(request, found[i] as PromiseSettledResult<Answer>));
    const put = await this.#put(puts);
    puts.forEach((request, i) => outcomes.set(request, put[i] as PromiseSettledResult<Answer>));
    return requests.map((request) => outcomes.get(request) as PromiseSettledResult<Answer>);
  }

  #get(requests: readonly GetRequest[]): Promise<PromiseSettledResult<LiveRecord | null>[]> {
    if (requests.length === 0) return Promise.resolve([]);
    return settleTogether(requests.length, async () => {
      const records = await this.#items.get(requests);
      const now = Date.now();
      const live = requests.map((_, i) => {
        const record = records[i] ?? null;
        return isLive(record, now) ? record : null;
      });
      await this.#refresh.refresh(live.map((record, i) => ({ record, asked: requests[i]?.refreshTtl ?? null })));
      return live.map(fulfilled);
    });
  }

  async #search(request: SearchRequest): Promise<SearchResult> {
    const result = await this.#searcher.search(request);
    await this.#refresh.refresh(result.found.map(({ record }) => ({ record, asked: request.refreshTtl })));
    return result;
  }

  /** Writes the last put of each key; the puts before it, which nobody can ever see, share its outcome. */
  async #put(requests: readonly PutRequest[]): Promise<PromiseSettledResult<void>[]> {
    if (requests.length === 0) return [];
    const last = new Map(requests.map((request) => [idText(request), request]));
    const written = [...last.values()];
    const outcomes = await this.#writes.put(written);
    const byId = new Map(written.map((request, i) => [idText(request), outcomes[i]]));
    return requests.map((request) => byId.get(idText(request)) as PromiseSettledResult<void>);
  }
}
