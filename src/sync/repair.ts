/** Holds every record against its point, and every point against its record: the net under the net. */
import { mapBounded } from "../concurrency/bounded.ts";
import type { Indexing } from "../core/indexing.ts";
import { namespacePages, type NamespaceStream } from "../core/namespace-pages.ts";
import { reconcileItem, type ReconcileDependencies } from "../core/reconcile-item.ts";
import { readEach, UNREADABLE } from "../core/read-each.ts";
import { lacksRight } from "../core/upkeep-rights.ts";
import { isStoreError, messageOf } from "../model/errors.ts";
import { isLive, type ItemId, type ItemRecord, type LiveRecord } from "../model/item.ts";
import { ROOT } from "../model/namespace.ts";
import { decodeValue, isReadable } from "../model/value-codec.ts";
import type { Logger } from "../ports/logger.ts";
import type { IndexedPoint, StoredPoint } from "../ports/vector-index.ts";
import type { RepairJournal, RepairPlace } from "./repair-journal.ts";

/** How a repair is done. */
export interface RepairOptions {
  /** Only counts what is wrong, and changes nothing. */
  readonly dryRun?: boolean;
  /**
   * Continues an unfinished repair of the last 24 hours, whose process ended or failed, at the page that it had got to. The
   * counts go on from its own; namespaces that hold nothing stay in the registry until a repair that begins at the start.
   */
  readonly resume?: boolean;
  /** Is told how far it is, after each page that was read. */
  readonly onProgress?: (progress: RepairProgress) => void;
  /** Ends the repair after the page that it is at; what was done by then stays done. */
  readonly signal?: AbortSignal;
}

/** How far a repair is. */
export interface RepairProgress {
  /** First all records are read, then all points. */
  readonly phase: "records" | "points";
  /** About what share of the phase is done, from 0 to 1. */
  readonly done: number;
  /** What was found so far. */
  readonly report: RepairReport;
}

/** What a repair found. All of it was mended, unless it was a dry run, or counted in `failed`. */
export interface RepairReport {
  /** Live records that were looked at. */
  readonly examined: number;
  /** Live records without the vectors that they should have. */
  readonly missing: number;
  /** Live records whose vectors are of another write. */
  readonly stale: number;
  /** Points without a live record, or of one that has no texts to embed. */
  readonly orphaned: number;
  /** Live records that listings did not find. */
  readonly unlisted: number;
  /** Records that cannot be decoded; left as they are. */
  readonly unreadable: number;
  /** Namespaces of which nothing was left, taken off the registry. */
  readonly ghosts: number;
  /** Items that could not be brought in step; the log says why. */
  readonly failed: number;
}

/** How a repair goes on, and when it ends early. */
export interface RepairContext {
  /** Keeps its place after each page. */
  readonly journal: RepairJournal<RepairReport>;
  /** Rejects at the first item that fails for a passing reason, so that its page is read again. */
  readonly stopsAtFailure?: boolean;
}

type Counts = { -readonly [Name in keyof RepairReport]: RepairReport[Name] };

const RECORDS_A_PAGE = 256;
const POINTS_A_PAGE = 1_000;
const ITEMS_AT_ONCE = 16;

const ALL: NamespaceStream = { prefix: ROOT, from: null, expected: 500 };

/** Looks at everything once. May run beside writers, and twice at once. */
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
    ghosts: 0,
    failed: 0,
  };
  /** Namespaces that hold a record, and those in which a live one has no vectors. */
  readonly #occupied = new Set<string>();
  readonly #unscored = new Set<string>();
  #hasPassingFailure = false;
  #pages = 0;

  /** @param context - null keeps no place, and has none to go on from */
  constructor(dependencies: ReconcileDependencies, logger: Logger, options: RepairOptions = {}, context: RepairContext | null = null) {
    this.#dependencies = dependencies;
    this.#logger = logger;
    this.#options = options;
    this.#context = options.dryRun ? null : context;
  }

  /**
   * Whether, once it has run, the index holds all that it can: what failed for good is found unscored, and what failed
   * for a passing reason, or cannot be read here, is not counted as done.
   */
  get isComplete(): boolean {
    return this.#options.dryRun !== true && !this.#hasPassingFailure && this.#counts.unreadable === 0;
  }

  /** Repairs; resolves when all is read. */
  async run(): Promise<RepairReport> {
    const startedAt = Date.now();
    const place = this.#options.resume ? ((await this.#context?.journal.read()) ?? null) : null;
    const isResumed = place !== null && (await this.#resume(place));
    if (!isResumed) {
      await this.#readFrom("records", null);
      // A repair that went on where another had ended does not know which namespaces that one found occupied.
      await this.#namespaces(startedAt);
    }
    await this.#context?.journal.clear();
    return { ...this.#counts };
  }

  /** Goes on at a place. False where it cannot be gone on from: the database does not know it any more. */
  async #resume({ phase, after, counts, hasPassingFailure }: RepairPlace<RepairReport>): Promise<boolean> {
    const fresh = this.#counts;
    this.#counts = { ...counts };
    this.#hasPassingFailure = hasPassingFailure;
    this.#logger.info({ phase, ...counts }, "an unfinished repair is continued");
    try {
      await this.#readFrom(phase, after);
      return true;
    } catch (error) {
      if (this.#pages > 0 || !isStoreError(error) || error.retryable || lacksRight(error)) throw error;
      this.#logger.warn({ cause: messageOf(error) }, "the place of an unfinished repair is not valid any more; the repair begins at the start");
      this.#counts = fresh;
      this.#hasPassingFailure = false;
      return false;
    }
  }

  /** Reads all from a place on: the rest of its phase, and the phases behind it. */
  async #readFrom(phase: RepairProgress["phase"], after: string | null): Promise<void> {
    const { indexing } = this.#dependencies;
    if (phase === "records") {
      await this.#readPages(phase, after, (place) => this.#records(place, RECORDS_A_PAGE));
      if (indexing !== null) await this.#save("points", null);
    }
    if (indexing === null) return;
    const start = phase === "points" ? after : null;
    await this.#readPages("points", start, (place) => this.#points(indexing, place, POINTS_A_PAGE));
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
    const place = { phase, after, counts: { ...this.#counts }, hasPassingFailure: this.#hasPassingFailure };
    await this.#context?.journal.save(place);
  }

  async #records(after: string | null, limit: number): Promise<{ next: string | null; done: number }> {
    const { items, indexing } = this.#dependencies;
    const page = await items.scan(after, limit);
    this.#counts.unreadable += page.unreadable;
    for (const { namespace } of page.found) this.#occupied.add(namespace);
    const now = Date.now();
    const all = page.found.filter((record): record is LiveRecord => isLive(record, now));
    // Without a key of the codec nothing can be said of the texts of an item.
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
      // One that is there all the same is an orphan, and is met as a point.
      return true;
    }
    if (point === null) this.#counts.missing += 1;
    else if (point.writeId !== record.writeId) this.#counts.stale += 1;
    else return true;
    if (this.#options.dryRun) this.#unscored.add(record.namespace);
    return false;
  }

  async #points(indexing: Indexing, after: string | null, limit: number): Promise<{ next: string | null; done: number }> {
    const page = await indexing.vectors.scan(after, limit);
    const records = await readEach(this.#dependencies.items, page.found.map(idOf));
    const now = Date.now();
    // A record that cannot be read here was counted when it was scanned; its point is left alone.
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

  /** Whether the value can be read: a codec may also return what is no value. */
  #canDecode({ value }: LiveRecord): boolean {
    if (!isReadable(value)) return false;
    try {
      decodeValue(value);
      return true;
    } catch (error) {
      this.#logger.warn({ cause: messageOf(error) }, "a value cannot be decoded; its item is left as it is");
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
        const isPassing = !isStoreError(error) || error.retryable;
        if (isPassing && this.#context?.stopsAtFailure) throw error;
        this.#counts.failed += 1;
        this.#unscored.add(id.namespace);
        this.#hasPassingFailure ||= isPassing;
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
      this.#hasPassingFailure = true;
      this.#logger.warn({ cause: messageOf(error) }, "a namespace could not be flagged as holding items without vectors");
    }
  }

  /** Flags that no item needs any more are taken off, and namespaces that hold nothing leave the registry. */
  async #namespaces(startedAt: number): Promise<void> {
    const { items, indexing } = this.#dependencies;
    // A record that cannot be decoded says neither where it is nor whether it has vectors.
    const isCounted = this.#options.dryRun === true || this.#counts.unreadable > 0;
    for await (const { paths } of namespacePages(items, ALL)) {
      const ghosts = paths.filter((path) => !this.#occupied.has(path));
      this.#counts.ghosts += ghosts.length;
      if (!isCounted) await items.unregister(ghosts, startedAt);
    }
    if (isCounted || indexing === null) return;
    for await (const { paths } of namespacePages(items, { ...ALL, unscoredAnd: [] })) {
      await items.clearUnscored(paths.filter((path) => !this.#unscored.has(path)), startedAt);
    }
  }
}

function idOf({ namespace, key }: ItemId): ItemId {
  return { namespace, key };
}
