/** Full consistency check: compares every record with its point and every point with its record. */
import { mapBounded } from "../concurrency/bounded.ts";
import type { Indexing } from "../core/indexing.ts";
import { namespacePages, type NamespaceStream } from "../core/namespace-pages.ts";
import { reconcileItem, type ReconcileDependencies } from "../core/reconcile-item.ts";
import { readEach, UNREADABLE } from "../core/read-each.ts";
import { lacksRight } from "../core/maintenance-rights.ts";
import { isStoreError, messageOf } from "../model/errors.ts";
import { isLive, type ItemId, type ItemRecord, type LiveRecord } from "../model/item.ts";
import { ROOT } from "../model/namespace.ts";
import { decodeValue, isReadable } from "../model/value-codec.ts";
import type { Logger } from "../ports/logger.ts";
import type { IndexedPoint, StoredPoint } from "../ports/vector-index.ts";
import type { RepairJournal, RepairPosition } from "./repair-journal.ts";
import type { RepairOptions, RepairProgress, RepairReport } from "./repair-report.ts";

/** How a repair continues and stops. */
export interface RepairContext {
  /** Saves the position after each page. */
  readonly journal: RepairJournal<RepairReport>;
  /** Rejects at the first transient failure of an item, so that its page is processed again. */
  readonly stopsAtFailure?: boolean;
  /** Leaves the registry of namespaces as it is, which depends on all generations of the index. */
  readonly keepsNamespaces?: boolean;
}

type Counts = { -readonly [Name in keyof RepairReport]: RepairReport[Name] };

const RECORDS_A_PAGE = 256;
const POINTS_A_PAGE = 1_000;
const ITEMS_AT_ONCE = 16;

const ALL: NamespaceStream = { prefix: ROOT, from: null, expected: 500 };

/** One full consistency check. May run concurrently with writers and other repairs. */
export class Repair {
  readonly #dependencies: ReconcileDependencies;
  readonly #logger: Logger;
  readonly #options: RepairOptions;
  readonly #context: RepairContext | null;
  #counts: Counts = {
    examined: 0,
    missing: 0,
    stale: 0,
    orphaned: 0,
    unlisted: 0,
    unreadable: 0,
    emptyNamespaces: 0,
    failed: 0,
  };
  /** Namespaces with a record, and namespaces with a live record without vectors. */
  readonly #occupied = new Set<string>();
  readonly #unscored = new Set<string>();
  #hasTransientFailure = false;
  #pages = 0;

  /** @param context - null saves no position */
  constructor(dependencies: ReconcileDependencies, logger: Logger, options: RepairOptions = {}, context: RepairContext | null = null) {
    this.#dependencies = dependencies;
    this.#logger = logger;
    this.#options = options;
    this.#context = options.dryRun ? null : context;
  }

  /**
   * Whether the index is complete after the repair: no item failed for a transient reason or was unreadable. Items with
   * permanent failures do not count; searches return them unscored.
   */
  get isComplete(): boolean {
    return this.#options.dryRun !== true && !this.#hasTransientFailure && this.#counts.unreadable === 0;
  }

  /** Whether an item failed for a reason that may pass. */
  get hasTransientFailure(): boolean {
    return this.#hasTransientFailure;
  }

  /** Runs the repair. */
  async run(): Promise<RepairReport> {
    const startedAt = Date.now();
    const position = this.#options.resume ? ((await this.#context?.journal.read()) ?? null) : null;
    const isResumed = position !== null && (await this.#resume(position));
    if (!isResumed) {
      await this.#readFrom("records", null);
      // A resumed repair does not know which namespaces the earlier part found occupied.
      if (this.#context?.keepsNamespaces !== true) await this.#cleanRegistry(startedAt);
    }
    await this.#context?.journal.clear();
    return { ...this.#counts };
  }

  /** Continues at a saved position. False when the database no longer accepts the position. */
  async #resume({ phase, after, counts, hasTransientFailure }: RepairPosition<RepairReport>): Promise<boolean> {
    const fresh = this.#counts;
    this.#counts = { ...counts };
    this.#hasTransientFailure = hasTransientFailure;
    this.#logger.info({ phase, ...counts }, "an unfinished repair continues");
    try {
      await this.#readFrom(phase, after);
      return true;
    } catch (error) {
      if (this.#pages > 0 || !isStoreError(error) || error.retryable || lacksRight(error)) throw error;
      this.#logger.warn({ cause: messageOf(error) }, "the position of an unfinished repair is no longer valid; the repair starts at the beginning");
      this.#counts = fresh;
      this.#hasTransientFailure = false;
      return false;
    }
  }

  /** Reads from a position to the end: the rest of its phase, and the following phase. */
  async #readFrom(phase: RepairProgress["phase"], after: string | null): Promise<void> {
    const indexing = this.#dependencies.generations?.active ?? null;
    if (phase === "records") {
      await this.#readPages(phase, after, (position) => this.#checkRecords(position, RECORDS_A_PAGE));
      if (indexing !== null) await this.#save("points", null);
    }
    if (indexing === null) return;
    const start = phase === "points" ? after : null;
    await this.#readPages("points", start, (position) => this.#checkPoints(indexing, position, POINTS_A_PAGE));
  }

  async #readPages(
    phase: RepairProgress["phase"],
    start: string | null,
    read: (after: string | null) => Promise<{ readonly next: string | null; readonly done: number }>,
  ): Promise<void> {
    let after = start;
    do {
      this.#options.signal?.throwIfAborted();
      const { next, done } = await read(after);
      this.#pages += 1;
      if (next !== null) await this.#save(phase, next);
      this.#options.onProgress?.({ phase, done, report: { ...this.#counts } });
      after = next;
    } while (after !== null);
  }

  async #save(phase: RepairProgress["phase"], after: string | null): Promise<void> {
    const position = { phase, after, counts: { ...this.#counts }, hasTransientFailure: this.#hasTransientFailure };
    await this.#context?.journal.save(position);
  }

  async #checkRecords(after: string | null, limit: number): Promise<{ next: string | null; done: number }> {
    const { items, generations } = this.#dependencies;
    const indexing = generations?.active ?? null;
    const page = await items.scan(after, limit);
    this.#counts.unreadable += page.unreadable;
    for (const { namespace } of page.found) this.#occupied.add(namespace);
    const now = Date.now();
    const all = page.found.filter((record): record is LiveRecord => isLive(record, now));
    // Without the key of the codec, the texts of an item are unknown.
    const live = all.filter((record) => this.#canDecode(record));
    this.#counts.unreadable += all.length - live.length;
    this.#counts.examined += live.length;
    const ids = live.map(idOf);
    const [listed, points] = await Promise.all([
      items.listed(live),
      indexing === null ? live.map(() => null) : indexing.vectors.stored(ids),
    ]);
    const wrong = live.filter((record, i) => {
      const isListed = listed[i] === true;
      if (!isListed) this.#counts.unlisted += 1;
      const isInSync = indexing === null || this.#isInSync(indexing, record, points[i] ?? null);
      return !isListed || !isInSync;
    });
    await this.#reconcileEach(wrong);
    return page;
  }

  #isInSync(indexing: Indexing, record: LiveRecord, point: StoredPoint | null): boolean {
    const texts = indexing.rules.textsOf(decodeValue(record.value), record.namespace, record.index);
    if (texts.length === 0) {
      this.#unscored.add(record.namespace);
      // If a point exists, the second phase finds it as an orphan.
      return true;
    }
    if (point === null) this.#counts.missing += 1;
    else if (point.writeId !== record.writeId) this.#counts.stale += 1;
    else return true;
    if (this.#options.dryRun) this.#unscored.add(record.namespace);
    return false;
  }

  async #checkPoints(indexing: Indexing, after: string | null, limit: number): Promise<{ next: string | null; done: number }> {
    const page = await indexing.vectors.scan(after, limit);
    const records = await readEach(this.#dependencies.items, page.found.map(idOf));
    const now = Date.now();
    // An unreadable record was counted in the first phase; its point is not changed.
    const orphans = page.found.filter((point, i) => {
      const record = records[i];
      if (record === UNREADABLE) return false;
      const live = record ?? null;
      if (isLive(live, now) && !this.#canDecode(live)) return false;
      return this.#isOrphan(indexing, point, live, now);
    });
    this.#counts.orphaned += orphans.length;
    await this.#reconcileEach(orphans);
    return page;
  }

  /** Whether the value can be decoded; a codec may also return invalid bytes. */
  #canDecode({ value }: LiveRecord): boolean {
    if (!isReadable(value)) return false;
    try {
      decodeValue(value);
      return true;
    } catch (error) {
      this.#logger.warn({ cause: messageOf(error) }, "a value cannot be decoded; its item is not changed");
      return false;
    }
  }

  #isOrphan({ rules }: Indexing, { namespace }: IndexedPoint, record: ItemRecord | null, now: number): boolean {
    if (!isLive(record, now)) return true;
    return rules.textsOf(decodeValue(record.value), namespace, record.index).length === 0;
  }

  async #reconcileEach(ids: readonly ItemId[]): Promise<void> {
    if (this.#options.dryRun) return;
    await mapBounded(ids, ITEMS_AT_ONCE, async (id) => {
      try {
        await reconcileItem(this.#dependencies, idOf(id));
      } catch (error) {
        if (lacksRight(error)) throw error;
        const isTransient = !isStoreError(error) || error.retryable;
        if (isTransient && this.#context?.stopsAtFailure) throw error;
        this.#counts.failed += 1;
        this.#unscored.add(id.namespace);
        this.#hasTransientFailure ||= isTransient;
        this.#logger.warn({ cause: messageOf(error) }, "an item could not be repaired");
        await this.#flagUnscored(id);
      }
    });
  }

  async #flagUnscored({ namespace }: ItemId): Promise<void> {
    try {
      await this.#dependencies.items.markUnscored([namespace]);
    } catch (error) {
      if (lacksRight(error)) throw error;
      this.#hasTransientFailure = true;
      this.#logger.warn({ cause: messageOf(error) }, "a namespace could not be flagged as containing items without vectors");
    }
  }

  /** Unregisters empty namespaces, and clears flags of namespaces in which every item has vectors. */
  async #cleanRegistry(startedAt: number): Promise<void> {
    const { items, generations } = this.#dependencies;
    // The namespace and vectors of an undecodable record are unknown, so nothing is unregistered.
    const isOnlyCounted = this.#options.dryRun === true || this.#counts.unreadable > 0;
    for await (const { paths } of namespacePages(items, ALL)) {
      const emptyNamespaces = paths.filter((path) => !this.#occupied.has(path));
      this.#counts.emptyNamespaces += emptyNamespaces.length;
      if (!isOnlyCounted) await items.unregister(emptyNamespaces, startedAt);
    }
    // Items without vectors in another generation have flags, too.
    if (isOnlyCounted || generations === null || generations.other !== null || generations.keepsIntents) return;
    for await (const { paths } of namespacePages(items, { ...ALL, unscoredAnd: [] })) {
      await items.clearUnscored(paths.filter((path) => !this.#unscored.has(path)), startedAt);
    }
  }
}

function idOf({ namespace, key }: ItemId): ItemId {
  return { namespace, key };
}
