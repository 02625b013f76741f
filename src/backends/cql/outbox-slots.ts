/** The list of the slots of which the outbox may hold anything. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { LRUCache } from "lru-cache";
import { mapBounded } from "../../concurrency/bounded.ts";
import type { CqlSession } from "./session.ts";
import type { Statements } from "./statements.ts";
import { GRACE_SECONDS } from "./time-to-live.ts";
import { bigint, numberIn } from "./values.ts";

/** What the list works with. */
export interface OutboxSlotsParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds since any fixed moment, of a clock that nobody sets. */
  readonly uptime: () => number;
}

/** A slot as it stands in its list. */
export interface ListedSlot {
  readonly slot: number;
  /** Write time of its entry, microseconds: another one says that somebody listed it anew. */
  readonly written: number;
}

/** A moment, by both clocks: one of them may be set, the other may stand still while the machine sleeps. */
export interface Moment {
  readonly now: number;
  readonly uptime: number;
}

/** The entry of a slot, as this process wrote it. */
interface Lease {
  /** Before it was begun. */
  readonly since: Moment;
  readonly writing: Promise<void>;
}

/** The entry of a slot, as this process read it. */
interface Sight {
  readonly written: number;
  /** When it was first read so. */
  readonly since: Moment;
  /** Whether nothing was in the slot, in a read that nobody's lease had outlived. */
  isEmpty: boolean;
}

/** Slots of one list, eight hours of minutes. Stored: must never change. */
const SLOTS_PER_LIST = 480;

/** The list of lists. */
const LIST_OF_LISTS = -1;

/** For so long after it began to list a slot, a process adds to it without listing it again. */
export const LEASE_MS = 20_000;

/** What is found empty this long after its entry was first read will stay so: every lease on that entry has ended. */
export const EMPTY_FOR_MS = 30_000;

/**
 * Entries of this age may go. Their removal leaves a tombstone of their write time, and whoever lists the slot again
 * has to write above it without seeing it: by any clock that lags by no more than the tolerated hour it does.
 */
export const REMOVAL_AGE_MS = GRACE_SECONDS * 1000 + 4 * EMPTY_FOR_MS;

/** Slots that are remembered; one that falls out is listed, or read, once more than it had to be. */
const MOST_REMEMBERED = 10_000;

/** Removals of entries that are under way at once. */
const REMOVALS_AT_ONCE = 16;

/**
 * Lists slots, and takes from the list those that stay empty.
 *
 * No removal hides a batch, because an `add` is done only when its slot is listed by an entry whose lease is still
 * running *after* its row was written; a process that was stopped in between lists the slot again. Whoever lists a slot
 * reads its entry first and writes above it, so an entry that kept its write time for longer than any lease was not
 * relied on since, and what was read after that was all there is. That holds whatever the clocks show; only the age at
 * which an entry is deleted depends on them, see {@link REMOVAL_AGE_MS}.
 */
export class OutboxSlots {
  readonly #parts: OutboxSlotsParts;
  readonly #leases = new LRUCache<number, Lease>({ max: MOST_REMEMBERED });
  readonly #sights = new LRUCache<number, Sight>({ max: MOST_REMEMBERED });

  constructor(parts: OutboxSlotsParts) {
    this.#parts = parts;
  }

  /** Makes sure that the slot is listed, and stays so until a reader has found what was written before this call. */
  async register(slot: number): Promise<void> {
    for (;;) {
      const held = this.#leases.get(slot);
      const lease = held !== undefined && this.#isRunning(held) ? held : this.#list(slot);
      await lease.writing;
      if (this.#isRunning(lease)) return;
    }
  }

  /**
   * The listed slots up to one, in order, list by list; those that are known to be empty are left out. Removes what is
   * empty and old on its way.
   */
  async *upTo(last: number, deadline?: Deadline): AsyncGenerator<ListedSlot[]> {
    for (const list of await this.#entries(LIST_OF_LISTS, deadline)) {
      if (list.entry > listOf(last)) return;
      // Before the slots are read: what is listed there later has an entry of the list that is younger.
      const isOld = this.#isOld(list.written);
      const slots = (await this.#entries(list.entry, deadline)).map(({ entry, written }) => ({ slot: entry, written }));
      if (slots.length === 0 && isOld) await this.#remove(LIST_OF_LISTS, list.entry, list.written);
      const occupied = slots.filter((slot) => slot.slot <= last && !this.#see(slot).isEmpty);
      await this.#removeEmpty(list.entry, slots);
      if (occupied.length > 0) yield occupied;
    }
  }

  /** This moment. */
  moment(): Moment {
    return { now: this.#parts.now(), uptime: this.#parts.uptime() };
  }

  /** Notes that a read of the whole slot, begun at `begun`, found nothing. */
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

  /** Removes an entry as it was read; one that was written since stays. */
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
