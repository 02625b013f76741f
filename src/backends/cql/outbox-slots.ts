/** The list of outbox slots that may contain batches. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { LRUCache } from "lru-cache";
import { mapBounded } from "../../concurrency/bounded.ts";
import type { CqlSession } from "./session.ts";
import type { Statements } from "./statements.ts";
import { GRACE_SECONDS } from "./time-to-live.ts";
import { bigint, numberIn } from "./values.ts";

/** Dependencies of the list. */
export interface OutboxSlotsParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Monotonic clock, milliseconds. */
  readonly uptime: () => number;
}

/** A slot with its entry in the list. */
export interface ListedSlot {
  readonly slot: number;
  /** Write time of its entry, microseconds; it changes when a process lists the slot again. */
  readonly written: number;
}

/** A time on both clocks: the wall clock may be adjusted, the monotonic clock may pause while the machine sleeps. */
export interface Moment {
  readonly now: number;
  readonly uptime: number;
}

/** An entry that this process wrote. */
interface Lease {
  /** Time before the write. */
  readonly since: Moment;
  readonly writing: Promise<void>;
}

/** An entry that this process read. */
interface Sight {
  readonly written: number;
  /** Time when it was first read with this write time. */
  readonly since: Moment;
  /** Whether the slot was empty in a read after all leases on the entry had expired. */
  isEmpty: boolean;
}

/** Number of slots per list: the minutes of eight hours. Stored, so it must never change. */
const SLOTS_PER_LIST = 480;

/** The number of the list that contains the numbers of all other lists. */
const LIST_OF_LISTS = -1;

/** Duration of a lease, milliseconds: a process adds to a listed slot for this time without listing it again. */
export const LEASE_MS = 20_000;

/** Age of a known entry, milliseconds, at which all leases on it have expired: a slot that is empty then stays empty. */
export const EMPTY_FOR_MS = 30_000;

/**
 * Age at which an entry may be removed. The removal leaves a tombstone with the write time of the entry. A process that lists
 * the slot again must write with a later time without seeing the tombstone, which any clock within the tolerated skew of one
 * hour does.
 */
export const REMOVAL_AGE_MS = GRACE_SECONDS * 1000 + 4 * EMPTY_FOR_MS;

/** Most cached slots; a dropped one only costs another write or read. */
const MOST_REMEMBERED = 10_000;

/** Concurrent removals of entries. */
const REMOVALS_AT_ONCE = 16;

/**
 * Lists slots, and removes empty ones from the list.
 *
 * No removal hides a batch: an `add` is complete only when the lease on the entry of its slot is still valid *after* its row
 * was written; otherwise the process lists the slot again. Listing reads the entry first and writes a later time, so nothing
 * has relied on an entry whose write time is unchanged for longer than a lease, and a later read of the slot is complete.
 * This does not depend on clocks; only the age at which an entry is removed does, see {@link REMOVAL_AGE_MS}.
 */
export class OutboxSlots {
  readonly #parts: OutboxSlotsParts;
  readonly #leases = new LRUCache<number, Lease>({ max: MOST_REMEMBERED });
  readonly #sights = new LRUCache<number, Sight>({ max: MOST_REMEMBERED });

  constructor(parts: OutboxSlotsParts) {
    this.#parts = parts;
  }

  /** Lists the slot, so that it stays listed until a reader has found the rows written before this call. */
  async ensureListed(slot: number): Promise<void> {
    for (;;) {
      const held = this.#leases.get(slot);
      const lease = held !== undefined && this.#isRunning(held) ? held : this.#list(slot);
      await lease.writing;
      if (this.#isRunning(lease)) return;
    }
  }

  /**
   * Returns the listed slots up to `last`, in order, list by list, without slots known to be empty. Removes old empty entries.
   */
  async *upTo(last: number, deadline?: Deadline): AsyncGenerator<ListedSlot[]> {
    for (const list of await this.#entries(LIST_OF_LISTS, deadline)) {
      if (list.entry > listOf(last)) return;
      // Before the slots are read: a slot that is listed later renews the entry of the list.
      const isOld = this.#isOld(list.written);
      const slots = (await this.#entries(list.entry, deadline)).map(({ entry, written }) => ({ slot: entry, written }));
      if (slots.length === 0 && isOld) await this.#remove(LIST_OF_LISTS, list.entry, list.written);
      const occupied = slots.filter((slot) => slot.slot <= last && !this.#see(slot).isEmpty);
      await this.#removeEmpty(list.entry, slots);
      if (occupied.length > 0) yield occupied;
    }
  }

  /** The current time. */
  moment(): Moment {
    return { now: this.#parts.now(), uptime: this.#parts.uptime() };
  }

  /** Reports that a read of the entire slot, started at `begun`, found nothing. */
  reportEmpty({ slot, written }: ListedSlot, begun: Moment): void {
    const sight = this.#sights.get(slot);
    if (sight === undefined || sight.written !== written) return;
    const waited = Math.min(begun.now - sight.since.now, begun.uptime - sight.since.uptime);
    if (waited >= EMPTY_FOR_MS) sight.isEmpty = true;
  }

  #isRunning({ since }: Lease): boolean {
    const now = this.#parts.now() - since.now;
    return now >= 0 && now < LEASE_MS && this.#parts.uptime() - since.uptime < LEASE_MS;
  }

  #list(slot: number): Lease {
    const lease: Lease = { since: this.moment(), writing: this.#write(slot) };
    this.#leases.set(slot, lease);
    lease.writing.catch(() => {
      if (this.#leases.peek(slot) === lease) this.#leases.delete(slot);
    });
    return lease;
  }

  async #write(slot: number): Promise<void> {
    const { session, statements } = this.#parts;
    const list = listOf(slot);
    const [before] = await session.rows(statements.readSlotEntry, [bigint(list), bigint(slot)], "read");
    const now = this.#parts.now() * 1000;
    const write = (inList: number, entry: number, written: number): Promise<void> =>
      session.write({ query: statements.writeSlotEntry, params: [bigint(inList), bigint(entry), bigint(written)] });
    await Promise.all([
      write(LIST_OF_LISTS, list, now),
      write(list, slot, before === undefined ? now : Math.max(now, numberIn(before, "written") + 1)),
    ]);
  }

  #see({ slot, written }: ListedSlot): Sight {
    const known = this.#sights.get(slot);
    if (known !== undefined && known.written === written) return known;
    const sight = { written, since: this.moment(), isEmpty: false };
    this.#sights.set(slot, sight);
    return sight;
  }

  async #removeEmpty(list: number, slots: readonly ListedSlot[]): Promise<void> {
    const removable = slots.filter(({ slot, written }) => {
      const sight = this.#sights.peek(slot);
      return sight !== undefined && sight.written === written && sight.isEmpty && this.#isOld(written);
    });
    await mapBounded(removable, REMOVALS_AT_ONCE, ({ slot, written }) => this.#remove(list, slot, written));
  }

  #isOld(written: number): boolean {
    return written < (this.#parts.now() - REMOVAL_AGE_MS) * 1000;
  }

  /** Removes an entry, unless it was written again after it was read. */
  async #remove(list: number, entry: number, written: number): Promise<void> {
    const { session, statements } = this.#parts;
    await session.write({
      query: statements.removeSlotEntry,
      params: [bigint(written), bigint(list), bigint(entry)],
    });
  }

  async #entries(list: number, deadline: Deadline | undefined): Promise<{ readonly entry: number; readonly written: number }[]> {
    const { session, statements } = this.#parts;
    const rows = await session.rows(statements.readSlotEntries, [bigint(list)], "read", deadline);
    return rows.map((row) => ({ entry: numberIn(row, "entry"), written: numberIn(row, "written") }));
  }
}

function listOf(slot: number): number {
  return Math.floor(slot / SLOTS_PER_LIST);
}
