/** Deletes vectors of expired items, and records that the database does not expire itself. */
import { mapBounded } from "../concurrency/bounded.ts";
import { generationsToSync } from "../core/generations.ts";
import { readEach, UNREADABLE } from "../core/read-each.ts";
import { reconcileItem, type ReconcileDependencies } from "../core/reconcile-item.ts";
import { lacksRight, type MaintenanceRights } from "../core/maintenance-rights.ts";
import { messageOf } from "../model/errors.ts";
import { idText, isLive, type ItemRecord } from "../model/item.ts";
import { RENEWAL_LAG_MS } from "../model/ttl.ts";
import type { Logger } from "../ports/logger.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import { FailureStreak } from "./failure-streak.ts";
import type { IndexedPoint, VectorIndex, VectorRenewal } from "../ports/vector-index.ts";

/** Result of a sweep. */
export interface SweepReport {
  /** Deleted points of expired items. */
  readonly points: number;
  /** Deleted records. */
  readonly records: number;
}

/** Dependencies and options of a sweeper. */
export interface SweeperOptions {
  readonly dependencies: ReconcileDependencies;
  readonly logger: Logger;
  readonly rights: MaintenanceRights;
  /** Interval between two sweeps, milliseconds. */
  readonly intervalMs: number;
  readonly observer?: Observer;
}

const POINTS_AT_ONCE = 256;
const ITEMS_AT_ONCE = 16;
const RECORDS_AT_ONCE = 500;

/** Most rounds of one sweep; the next sweep continues. */
const MOST_ROUNDS = 10_000;

/** Sweeps at an interval. Every process may sweep: deletions are idempotent. */
export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<unknown> | null = null;
  #isStopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Starts the sweeps. Does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => void this.tick(), this.#options.intervalMs).unref();
  }

  /** Stops a running sweep after its current round. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#running;
  }

  /** Sweeps unless a sweep is running. Logs a failure; the next sweep retries. */
  async tick(): Promise<void> {
    const { rights } = this.#options;
    if (this.#running !== null || rights.areMissing) return;
    this.#running = this.sweep().catch((error: unknown) => {
      if (rights.handled(error)) return;
      this.#options.logger.warn({ cause: messageOf(error) }, "a sweep of expired items failed; the next sweep retries");
    });
    await this.#running;
    this.#running = null;
  }

  /**
   * Deletes all items that are expired at `now` and can no longer be renewed.
   *
   * @param signal - ends the sweep after the round in progress
   */
  async sweep(now = Date.now(), signal?: AbortSignal): Promise<SweepReport> {
    const { observer = unobserved } = this.#options;
    const report = await observer.maintenance("sweep", () => this.#sweep(now, signal));
    observer.swept("points", report.points);
    observer.swept("records", report.records);
    return report;
  }

  async #sweep(now: number, signal?: AbortSignal): Promise<SweepReport> {
    const { items, generations } = this.#options.dependencies;
    let points = 0;
    for (const { vectors } of generations === null ? [] : generationsToSync(generations)) points += await this.#sweepPoints(vectors, now - RENEWAL_LAG_MS, signal);
    let records = 0;
    for (let round = 0; round < MOST_ROUNDS && !this.#isStopped; round += 1) {
      signal?.throwIfAborted();
      const removed = await items.sweep(RECORDS_AT_ONCE);
      records += removed;
      if (removed === 0) break;
    }
    return { points, records };
  }

  /** Verifies expired points against their records, which may have been renewed or rewritten. */
  async #sweepPoints(vectors: VectorIndex, now: number, signal?: AbortSignal): Promise<number> {
    const failures = new FailureStreak();
    let removed = 0;
    let after: string | null = null;
    for (let round = 0; round < MOST_ROUNDS && !this.#isStopped; round += 1) {
      signal?.throwIfAborted();
      const { found, next }: Awaited<ReturnType<VectorIndex["expired"]>> = await vectors.expired(now, after, POINTS_AT_ONCE);
      await failures.attempt(
        async () => {
          removed += await this.#sweepFound(vectors, found, now);
        },
        (error) => this.#options.logger.warn({ cause: messageOf(error) }, "expired vectors could not be swept; the next sweep retries"),
      );
      // Continues behind points that could not be removed.
      if (next === null) break;
      after = next;
    }
    return removed;
  }

  async #sweepFound(vectors: VectorIndex, found: readonly IndexedPoint[], now: number): Promise<number> {
    const { dependencies } = this.#options;
    const records = await readEach(dependencies.items, found.map(({ namespace, key }) => ({ namespace, key })));
    const readable = found.filter((_, i) => records[i] !== UNREADABLE);
    const renewals = found.flatMap((point, i) => {
      const record = records[i] ?? null;
      return record === UNREADABLE ? [] : renewalOf(point, record, now);
    });
    if (renewals.length > 0) await vectors.renew(renewals);
    const renewed = new Set(renewals.map(idText));
    const others = readable.filter((point) => !renewed.has(idText(point)));
    const removed = await mapBounded(others, ITEMS_AT_ONCE, (point) => this.#removeExpired(point, now));
    return removed.filter(Boolean).length;
  }

  /** Removes one expired point. A failure does not affect the others; the next sweep retries. */
  async #removeExpired({ namespace, key }: IndexedPoint, now: number): Promise<boolean> {
    const { dependencies, logger } = this.#options;
    try {
      return !isLive((await reconcileItem(dependencies, { namespace, key })).record, now);
    } catch (error) {
      if (lacksRight(error)) throw error;
      logger.warn({ cause: messageOf(error) }, "the vectors of an expired item could not be swept; the next sweep retries");
      return false;
    }
  }
}

function renewalOf({ namespace, key, version, writeId }: IndexedPoint, record: ItemRecord | null, now: number): VectorRenewal[] {
  if (!isLive(record, now) || record.writeId !== writeId) return [];
  return [{ namespace, key, version, expiresAt: record.expiresAt }];
}
