/** Extends the TTL of items that are read, in the background. */
import { outsideCallers } from "../concurrency/async-context.ts";
import { nextTurn } from "../concurrency/event-loop.ts";
import { settleBounded } from "../concurrency/bounded.ts";
import { rejected, settleTogether } from "../concurrency/outcomes.ts";
import { messageOf } from "../model/errors.ts";
import { idText, type ItemId, type LiveRecord } from "../model/item.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import type { IntentLog, OpenIntent } from "./intent-log.ts";
import { isRenewable, refreshed, type TtlRules } from "./ttl-rules.ts";
import { RefusalWarning, MaintenanceRights } from "./maintenance-rights.ts";

/** A record that was read, and whether the call requested a refresh; null for the configured default. */
export interface Read {
  readonly record: LiveRecord | null;
  readonly override: boolean | null;
}

/** Limits of the queue. */
export interface RefreshBounds {
  /** Most queued records. */
  readonly items: number;
  /** Most bytes of their values. */
  readonly bytes: number;
  /** Most records in one write. */
  readonly group: number;
}

/**
 * A refresh that begins so shortly before the item expires, milliseconds, may be written after that: a sweep, also one by
 * a clock that is ahead, may delete the vectors meanwhile.
 */
const NEAR_EXPIRY_MS = 30_000;

/** Items that are verified at once. */
const VERIFIED_AT_ONCE = 16;

const BOUNDS: RefreshBounds = { items: 10_000, bytes: 32 * 1024 * 1024, group: 100 };

/** How the vectors of an item stay in sync when its refresh may be written after its expiry. */
export interface RefreshedVectors {
  /** Records intents before the refresh is written: after a crash, any process verifies the vectors. */
  readonly intents: Pick<IntentLog, "record">;
  /** Writes the vectors of an item again where they are missing. Returns whether nothing is left to other processes. */
  verify(id: ItemId): Promise<boolean>;
}

/** What refreshes depend on. */
export interface TtlRefreshOptions {
  readonly items: Pick<ItemRepository, "put">;
  readonly rules: TtlRules;
  readonly logger: Logger;
  /** Receives items that had expired before their refresh was written: a sweep may have deleted their vectors. */
  readonly onLate: (ids: readonly ItemId[]) => void;
  /** Keeps the vectors of items that are refreshed shortly before they expire; null where there are no vectors. */
  readonly vectors: RefreshedVectors | null;
  readonly rights?: MaintenanceRights | undefined;
  readonly observer?: Observer | undefined;
  readonly bounds?: Partial<RefreshBounds> | undefined;
}

/** A record to write, with its later expiry. */
interface Refresh {
  readonly record: LiveRecord;
  /** Its expiry when it was read, milliseconds. */
  readonly formerExpiry: number;
}

/**
 * Rewrites records with a later expiry when reads request it and enough of the TTL has passed. Reads never wait for it: there is one
 * write at a time, at most one queued record per key, and when the queue is full, the oldest record is dropped.
 */
export class TtlRefresh {
  readonly #items: Pick<ItemRepository, "put">;
  readonly #rules: TtlRules;
  readonly #logger: Logger;
  readonly #onLate: (ids: readonly ItemId[]) => void;
  readonly #vectors: RefreshedVectors | null;
  readonly #rights: MaintenanceRights;
  readonly #observer: Observer;
  readonly #bounds: RefreshBounds;
  /** By id, the oldest first. */
  readonly #queued = new Map<string, Refresh>();
  #queuedBytes = 0;
  /** Write ids of the records that are being written, by id. */
  readonly #inFlight = new Map<string, string>();
  /** Never rejects; null while nothing is queued. */
  #running: Promise<void> | null = null;
  #isStopped = false;

  constructor(options: TtlRefreshOptions) {
    this.#items = options.items;
    this.#rules = options.rules;
    this.#logger = options.logger;
    this.#onLate = options.onLate;
    this.#vectors = options.vectors;
    this.#rights = options.rights ?? new MaintenanceRights(new RefusalWarning(options.logger));
    this.#observer = options.observer ?? unobserved;
    this.#bounds = { ...BOUNDS, ...options.bounds };
  }

  /** Queues a refresh of the records that need one. */
  enqueue(reads: readonly Read[]): void {
    if (this.#isStopped || this.#rights.areMissing) return;
    const now = Date.now();
    for (const { record, override } of reads) {
      if (!isRenewable(record) || !(override ?? this.#rules.refreshOnRead)) continue;
      const later = refreshed(record, now);
      if (later !== null) this.#add({ record: later, formerExpiry: record.expiresAt });
    }
    if (this.#queued.size > 0) this.#running ??= outsideCallers(() => this.#run());
  }

  /** Resolves when nothing is queued or in flight. */
  async drained(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** Drops the queue, and ignores further reads. */
  stop(): void {
    this.#isStopped = true;
    this.#clear("dropped");
  }

  #add(refresh: Refresh): void {
    const { record } = refresh;
    const id = idText(record);
    // Superfluous: the write in flight has about the same expiry.
    if (this.#inFlight.get(id) === record.writeId) return;
    const known = this.#queued.get(id);
    if (known !== undefined && known.record.version > record.version) return;
    // Keeps its position, and for the same write the expiry that was read first.
    const isSame = known?.record.writeId === record.writeId;
    this.#queuedBytes += sizeOf(record) - (known === undefined ? 0 : sizeOf(known.record));
    this.#queued.set(id, isSame ? { record, formerExpiry: known.formerExpiry } : refresh);
    this.#dropOldest();
  }

  #dropOldest(): void {
    const { items, bytes } = this.#bounds;
    let dropped = 0;
    for (const [id, { record }] of this.#queued) {
      const fits = this.#queued.size <= items && (this.#queuedBytes <= bytes || this.#queued.size === 1);
      if (fits) break;
      this.#remove(id, record);
      dropped += 1;
    }
    if (dropped > 0) this.#observer.refreshed("dropped", dropped);
  }

  #remove(id: string, record: LiveRecord): void {
    this.#queued.delete(id);
    this.#queuedBytes -= sizeOf(record);
  }

  #clear(outcome: "failed" | "dropped"): void {
    const count = this.#queued.size;
    this.#queued.clear();
    this.#queuedBytes = 0;
    if (count > 0) this.#observer.refreshed(outcome, count);
  }

  async #run(): Promise<void> {
    // Reads in the same turn of the event loop share a write.
    await nextTurn();
    while (this.#queued.size > 0) {
      const taken = this.#take();
      if (taken.length > 0) await this.#write(taken);
    }
    this.#running = null;
  }

  #take(): Refresh[] {
    const taken: Refresh[] = [];
    const now = Date.now();
    let expired = 0;
    for (const [id, refresh] of this.#queued) {
      if (taken.length === this.#bounds.group) break;
      this.#remove(id, refresh.record);
      // A sweep may have removed the vectors of an expired item: a refresh would restore the item without them.
      if (refresh.formerExpiry <= now) {
        expired += 1;
        continue;
      }
      this.#inFlight.set(id, refresh.record.writeId);
      taken.push(refresh);
    }
    if (expired > 0) this.#observer.refreshed("dropped", expired);
    return taken;
  }

  /** Never rejects: the reads are already answered. */
  async #write(refreshes: readonly Refresh[]): Promise<void> {
    const startedAt = Date.now();
    const vectors = this.#vectors;
    const isNear = ({ record, formerExpiry }: Refresh): boolean => record.vectorCount > 0 && formerExpiry - startedAt < NEAR_EXPIRY_MS;
    const near = vectors === null ? [] : refreshes.filter(isNear);
    const others = near.length === 0 ? refreshes : refreshes.filter((refresh) => !near.includes(refresh));
    await Promise.all([
      others.length === 0 ? null : this.#writeGroup(others),
      near.length === 0 || vectors === null ? null : this.#writeNear(near, vectors),
    ]);
    this.#inFlight.clear();
  }

  async #writeGroup(refreshes: readonly Refresh[]): Promise<PromiseSettledResult<void>[]> {
    const outcomes = await settleTogether(refreshes.length, () => this.#items.put(refreshes.map(({ record }) => record)));
    this.#report(refreshes, outcomes.filter((outcome) => outcome.status === "rejected"));
    // Including failed ones, which may be stored in spite of the error.
    const now = Date.now();
    const late = refreshes.filter(({ formerExpiry }) => formerExpiry <= now);
    if (late.length > 0) this.#onLate(late.map(idOf));
    return outcomes;
  }

  /** Writes refreshes that may come after the expiry, and verifies the vectors; intents stay where that fails. */
  async #writeNear(refreshes: readonly Refresh[], vectors: RefreshedVectors): Promise<void> {
    const recordedAt = Date.now();
    let open: OpenIntent[];
    try {
      open = await vectors.intents.record(refreshes.map((refresh) => ({ ...idOf(refresh), writeId: refresh.record.writeId, recordedAt })));
    } catch (reason) {
      this.#report(refreshes, refreshes.map(() => rejected(reason)));
      return;
    }
    const outcomes = await this.#writeGroup(refreshes);
    const written = refreshes.map((refresh, i) => ({ refresh, i })).filter(({ i }) => outcomes[i]?.status === "fulfilled");
    const verified = await settleBounded(written, VERIFIED_AT_ONCE, async ({ refresh, i }) => {
      if (await vectors.verify(idOf(refresh))) open[i]?.settle(false);
    });
    const failed = verified.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return;
    this.#logger.debug({ cause: messageOf(failed.reason) }, "vectors of refreshed items could not be verified; their intents stay until they are due");
  }

  #report(refreshes: readonly Refresh[], failures: readonly PromiseRejectedResult[]): void {
    const written = refreshes.length - failures.length;
    if (written > 0) this.#observer.refreshed("written", written);
    const [first] = failures;
    if (first === undefined) return;
    this.#observer.refreshed("failed", failures.length);
    if (this.#rights.handled(first.reason)) {
      this.#clear("failed");
      return;
    }
    this.#logger.warn(
      { items: refreshes.length, failed: failures.length, cause: messageOf(first.reason) },
      "the TTL of items that were read could not be refreshed",
    );
  }
}

function idOf({ record: { namespace, key } }: Refresh): ItemId {
  return { namespace, key };
}

function sizeOf({ value }: LiveRecord): number {
  return value.bytes.byteLength;
}
