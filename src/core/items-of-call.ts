import type { Deadline } from "../concurrency/deadline.ts";
import type { ItemId, ItemRecord } from "../model/item.ts";
import type { ItemRepository, ListPage, ListQuery, NamespacePage, NamespaceQuery, RecordScan } from "../ports/item-repository.ts";

/** Subjects of the message of an exceeded deadline. */
const READING = "Reading the records";
const WRITING = "Writing the records";

/**
 * The repository with the deadline of one call: every request gets it, and none starts after it, so that a loop over pages ends
 * with its call. A class, as an instance per call is cheaper than an object of closures.
 */
export class ItemsOfCall implements ItemRepository {
  readonly #items: ItemRepository;
  readonly #deadline: Deadline;

  constructor(items: ItemRepository, deadline: Deadline) {
    this.#items = items;
    this.#deadline = deadline;
  }

  async get(ids: readonly ItemId[]): Promise<(ItemRecord | null)[]> {
    return this.#begin(READING).get(ids, this.#deadline);
  }

  async put(records: readonly ItemRecord[]): Promise<PromiseSettledResult<void>[]> {
    return this.#begin(WRITING).put(records, this.#deadline);
  }

  async list(query: ListQuery): Promise<ListPage> {
    return this.#begin(READING).list(query, this.#deadline);
  }

  async peek(paths: readonly string[]): Promise<(ItemRecord | null)[]> {
    return this.#begin(READING).peek(paths, this.#deadline);
  }

  async markUnscored(paths: readonly string[]): Promise<void> {
    return this.#begin(WRITING).markUnscored(paths, this.#deadline);
  }

  async namespacesAfter(query: NamespaceQuery): Promise<NamespacePage> {
    return this.#begin(READING).namespacesAfter(query, this.#deadline);
  }

  async scan(after: string | null, limit: number): Promise<RecordScan> {
    return this.#begin(READING).scan(after, limit, this.#deadline);
  }

  async listed(records: readonly ItemRecord[]): Promise<boolean[]> {
    return this.#begin(READING).listed(records, this.#deadline);
  }

  async clearUnscored(paths: readonly string[], asOf: number): Promise<void> {
    return this.#begin(WRITING).clearUnscored(paths, asOf, this.#deadline);
  }

  async unregister(paths: readonly string[], asOf: number): Promise<void> {
    return this.#begin(WRITING).unregister(paths, asOf, this.#deadline);
  }

  async sweep(limit: number): Promise<number> {
    return this.#begin(WRITING).sweep(limit, this.#deadline);
  }

  #begin(what: string): ItemRepository {
    this.#deadline.throwIfOver(what);
    return this.#items;
  }
}
