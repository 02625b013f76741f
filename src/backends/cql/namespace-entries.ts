/** Merges the entries of all partitions of a namespace into one listing. */
import { mapBounded } from "../../concurrency/bounded.ts";
import type { ListingOrder } from "../../model/request.ts";
import type { ListPosition } from "../../ports/item-repository.ts";
import type { Entry, EntryReader } from "./entries.ts";

/** Partitions that are read concurrently. */
const PARTITIONS_AT_ONCE = 16;

/** Fewest entries of one read: reading some unnecessary entries is cheaper than another round trip. */
export const FEWEST_ENTRIES = 20;

/** The entries of one partition that were read but not returned yet. */
interface Stream {
  readonly reader: EntryReader;
  waiting: readonly Entry[];
}

/** Reads the entries of a namespace. */
export class NamespaceEntries {
  readonly #streams: readonly Stream[];
  readonly #compare: (a: ListPosition, b: ListPosition) => number;
  readonly #isWanted: (entry: Entry) => boolean;
  #after: ListPosition | null = null;
  #read = 0;

  /**
   * @param readers - one per partition, all starting at the same position
   * @param isWanted - entries for which it returns false are skipped
   */
  constructor(readers: readonly EntryReader[], order: ListingOrder, isWanted: (entry: Entry) => boolean) {
    this.#streams = readers.map((reader) => ({ reader, waiting: [] }));
    this.#compare = comparing(order);
    this.#isWanted = isWanted;
  }

  /** Position up to which all entries were returned or skipped; null after the end of all partitions. */
  get after(): ListPosition | null {
    return this.#after;
  }

  /** Number of entries read so far, skipped ones included. */
  get read(): number {
    return this.#read;
  }

  /** Whether the time budget of a reader is spent, although there may be more entries. */
  get isSpent(): boolean {
    return this.#streams.some(({ reader }) => reader.isSpent);
  }

  /** Returns about `count` of the next entries or fewer; an empty result does not mean the end. */
  async next(count: number): Promise<Entry[]> {
    const share = Math.max(Math.ceil(count / this.#streams.length), FEWEST_ENTRIES);
    const empty = this.#streams.filter(({ waiting, reader }) => waiting.length === 0 && !reader.isAtEnd);
    await mapBounded(empty, PARTITIONS_AT_ONCE, async (stream) => {
      const found = await stream.reader.next(share);
      this.#read += found.length;
      stream.waiting = found.filter(this.#isWanted);
    });
    const places = this.#streams.filter(({ reader }) => !reader.isAtEnd).map(({ reader }) => reader.after);
    this.#after = places.length === 0 ? null : places.reduce((a, b) => (this.#compare(a, b) <= 0 ? a : b));
    return this.#takeUpTo(this.#after);
  }

  /** Removes and returns the entries up to a position, in order. */
  #takeUpTo(place: ListPosition | null): Entry[] {
    const taken: Entry[] = [];
    for (const stream of this.#streams) {
      const isTaken = (entry: Entry): boolean => place === null || this.#compare(entry, place) <= 0;
      taken.push(...stream.waiting.filter(isTaken));
      stream.waiting = stream.waiting.filter((entry) => !isTaken(entry));
    }
    return this.#streams.length === 1 ? taken : taken.sort(this.#compare);
  }
}

/** Compares positions as CQL does: text by UTF-8 bytes, which differs from JavaScript's order beyond the basic plane. */
export function comparing(order: ListingOrder): (a: ListPosition, b: ListPosition) => number {
  const sign = order === "oldest" ? 1 : -1;
  return (a, b) => sign * (a.created - b.created || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}
