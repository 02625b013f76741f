/** Merges the entries of all partitions of a namespace into one listing. */
import { mapBounded } from "../../concurrency/bounded.ts";
import type { ListingOrder } from "../../model/operation.ts";
import type { ListPosition } from "../../ports/item-repository.ts";
import type { Entry, EntryReader } from "./entries.ts";

/** Partitions that are read at once. */
const PARTITIONS_AT_ONCE = 16;

/** Entries are small: reading some that turn out not to be needed is cheaper than another round trip. */
export const FEWEST_ENTRIES = 20;

/** The entries of one partition that were read and not answered yet. */
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
   * @param readers - one a partition, all from one place on
   * @param isWanted - entries that it does not hold for are passed over
   */
  constructor(readers: readonly EntryReader[], order: ListingOrder, isWanted: (entry: Entry) => boolean) {
    this.#streams = readers.map((reader) => ({ reader, waiting: [] }));
    this.#compare = comparing(order);
    this.#isWanted = isWanted;
  }

  /** All entries up to here were answered, or passed over; null when those of all partitions were, to the end. */
  get after(): ListPosition | null {
    return this.#after;
  }

  /** Entries that were read so far, those that were passed over included. */
  get read(): number {
    return this.#read;
  }

  /** Whether the time for reading on is spent, although there may be more. */
  get isSpent(): boolean {
    return this.#streams.some(({ reader }) => reader.isSpent);
  }

  /** The next entries, about `count` or fewer; there may be more even where there are none of them. */
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

  /** What every partition has been read up to, in order. */
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

/** Orders as CQL does: text by its UTF-8 bytes, which differs from JavaScript's order beyond the basic plane. */
export function comparing(order: ListingOrder): (a: ListPosition, b: ListPosition) => number {
  const sign = order === "oldest" ? 1 : -1;
  return (a, b) => sign * (a.created - b.created || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}
