/** Limits the bytes of records and namespaces that reads keep in memory: per call, and for all calls in flight together. */
import { getHeapStatistics } from "node:v8";
import { rejected } from "../concurrency/outcomes.ts";
import { parsedBytes } from "../model/bytes.ts";
import { ClosedError, isStoreError, UnavailableError, ValidationError, type StoreError } from "../model/errors.ts";
import { idText, type ItemId, type ItemRecord } from "../model/item.ts";
import { READ_LIMIT } from "../model/page-size.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import { ReadSizes } from "./read-sizes.ts";

/** Limits in bytes of memory: of JSON texts, and for large values of their parsed content. */
export interface ReadLimits {
  /** Most bytes of values that one call returns. A single value of any size is returned. */
  readonly maxReadBytes: number;
  /** Most bytes of values of all calls in flight. */
  readonly maxPendingReadBytes: number;
}

/** Sizes of parts. The size of a record is unknown until it is read: the first part is small, later ones depend on the sizes seen. */
const FIRST_PART = 64;
const LARGEST_PART = 1_000;
const GROWTH = 4;
const BYTES_OF_PART = 16 * 1024 * 1024;

/** Share of the heap that values of all reads in flight may take: puts, requests and the application need the rest. */
const HEAP_SHARE = 0.25;

/** Memory of a label. */
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_LABEL = 32;

/** The bytes of all calls in flight. */
export class ReadBudget {
  readonly #limits: ReadLimits;
  /** Sizes of the pages that were read. */
  readonly sizes = new ReadSizes();
  #held = 0;

  /** @param heapBytes - size that the heap of the process may reach */
  constructor(limits: ReadLimits, heapBytes = getHeapStatistics().heap_size_limit) {
    // Other runtimes may not know their limit.
    const share = heapBytes > 0 ? Math.floor(heapBytes * HEAP_SHARE) : Infinity;
    this.#limits = { ...limits, maxPendingReadBytes: Math.min(limits.maxPendingReadBytes, share) };
  }

  /** Runs a call, and releases its bytes when it is completed. Reads that continue after that, beyond a deadline, are rejected. */
  async run<T>(call: (reading: Reading) => Promise<T>): Promise<T> {
    const reading = new Reading(this);
    try {
      return await call(reading);
    } finally {
      this.#held -= reading.bytes;
      reading.close();
    }
  }

  /** Reserves bytes for a call that already holds `held`. Returns an error when they do not fit. Called by {@link Reading}. */
  take(bytes: number, held: number): StoreError | null {
    const { maxReadBytes, maxPendingReadBytes } = this.#limits;
    if (held > 0 && held + bytes > maxReadBytes) {
      return new ValidationError(
        `The values or namespaces to read hold more than ${maxReadBytes} bytes, the most of one call (${READ_LIMIT}): ask for fewer ` +
          "at once, with a lower limit or a smaller batch.",
        { details: { limit: READ_LIMIT, maxBytes: maxReadBytes } },
      );
    }
    if (this.#held > 0 && this.#held + bytes > maxPendingReadBytes) {
      return new UnavailableError(
        `Reads in flight hold ${this.#held} bytes of values, and may hold ${maxPendingReadBytes} (limits.maxPendingReadBytes, at most a quarter of the heap): ` +
          "try again, with fewer at once.",
        { details: { heldBytes: this.#held, maxBytes: maxPendingReadBytes } },
      );
    }
    this.#held += bytes;
    return null;
  }
}

/** Counts the bytes of records that one call has read. */
export class Reading {
  readonly #budget: ReadBudget;
  #fault: StoreError | null = null;
  bytes = 0;

  constructor(budget: ReadBudget) {
    this.#budget = budget;
  }

  /** The error of the first read that did not fit: no further read of the call is counted, or need begin. */
  get fault(): StoreError | null {
    return this.#fault;
  }

  /** Rejects further reads: the bytes of the call are released. */
  close(): void {
    this.#fault = new ClosedError("The call was answered before this read.");
  }

  /** Takes note of a page, of which only some records may be counted. */
  pageRead(page: readonly (ItemRecord | null)[]): void {
    this.#budget.sizes.record(page);
  }

  /** Counts a record. Returns an error when it does not fit; it is not counted then. */
  take(record: ItemRecord | null): StoreError | null {
    if (record === null || record.value === null) return null;
    // The size of a large value takes milliseconds to estimate.
    return this.#fault ?? this.#take(parsedBytes(record.value.bytes));
  }

  /** Counts a namespace by its labels, as {@link take} does a record. */
  takeNamespace(labels: readonly string[]): StoreError | null {
    return this.#take(labels.reduce((sum, { length }) => sum + BYTES_PER_CHARACTER * length + BYTES_PER_LABEL, 0));
  }

  #take(bytes: number): StoreError | null {
    this.#fault ??= this.#budget.take(bytes, this.bytes);
    if (this.#fault === null) this.bytes += bytes;
    return this.#fault;
  }
}

/**
 * Reads records; `result[i]` belongs to `ids[i]`. Each distinct id is read once, and counted for each of its positions. Records
 * beyond the budget are rejected. A record that cannot be decoded, or a part that cannot be read, fails alone.
 */
export async function readCounted(
  items: Pick<ItemRepository, "get">,
  ids: readonly ItemId[],
  reading: Reading,
): Promise<PromiseSettledResult<ItemRecord | null>[]> {
  const { distinct, places } = withoutRepeats(ids);
  const outcomes: PromiseSettledResult<ItemRecord | null>[] = [];
  let full: PromiseRejectedResult | null = null;
  for await (const part of inParts(distinct, (some) => settled(items, some))) {
    for (const outcome of part) {
      const fault = outcome.status === "fulfilled" ? reading.take(outcome.value) : null;
      if (fault !== null) full = rejected(fault);
      outcomes.push(fault === null ? outcome : rejected(fault));
    }
    if (full === null) continue;
    // The others are not read.
    while (outcomes.length < distinct.length) outcomes.push(full);
    break;
  }
  const counted = new Set<number>();
  return places.map((place) => {
    const outcome = outcomes[place] as PromiseSettledResult<ItemRecord | null>;
    // Each get returns a copy of the value.
    const fault = counted.has(place) && outcome.status === "fulfilled" ? reading.take(outcome.value) : null;
    counted.add(place);
    return fault === null ? outcome : rejected(fault);
  });
}

/** Returns each distinct id once, and for each of `ids` its place among them. */
function withoutRepeats(ids: readonly ItemId[]): { distinct: readonly ItemId[]; places: readonly number[] } {
  const placeOf = new Map<string, number>();
  const distinct: ItemId[] = [];
  const places = ids.map((id) => {
    const text = idText(id);
    const known = placeOf.get(text);
    if (known !== undefined) return known;
    placeOf.set(text, distinct.length);
    return distinct.push(id) - 1;
  });
  return { distinct, places };
}

/** Reads records part by part, so that the caller can release one part before the next is read. */
export async function* readInParts(
  items: Pick<ItemRepository, "get">,
  ids: readonly ItemId[],
): AsyncGenerator<readonly (ItemRecord | null)[], void, undefined> {
  const read = async (part: readonly ItemId[]): Promise<PromiseSettledResult<ItemRecord | null>[]> =>
    (await items.get(part)).map((value) => ({ status: "fulfilled", value }));
  for await (const part of inParts(ids, read)) {
    yield part.map((outcome) => (outcome as PromiseFulfilledResult<ItemRecord | null>).value);
  }
}

async function* inParts(
  ids: readonly ItemId[],
  read: (part: readonly ItemId[]) => Promise<readonly PromiseSettledResult<ItemRecord | null>[]>,
): AsyncGenerator<readonly PromiseSettledResult<ItemRecord | null>[], void, undefined> {
  let size = FIRST_PART;
  let largest = 1;
  for (let next = 0; next < ids.length; ) {
    const part = ids.slice(next, next + size);
    const outcomes = await read(part);
    yield outcomes;
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") largest = Math.max(largest, bytesIn(outcome.value));
    }
    next += part.length;
    size = Math.max(1, Math.min(GROWTH * size, LARGEST_PART, Math.floor(BYTES_OF_PART / largest)));
  }
}

async function settled(
  items: Pick<ItemRepository, "get">,
  ids: readonly ItemId[],
): Promise<PromiseSettledResult<ItemRecord | null>[]> {
  try {
    return (await items.get(ids)).map((value) => ({ status: "fulfilled", value }));
  } catch (reason) {
    // A record that only a newer version of the package can read fails only its own get.
    const isUnreadable = isStoreError(reason) && reason.code === "SCHEMA";
    if (!isUnreadable || ids.length === 1) return ids.map(() => rejected(reason));
    return (await Promise.all(ids.map((id) => settled(items, [id])))).flat();
  }
}

function bytesIn(record: ItemRecord | null): number {
  return record?.value?.bytes.byteLength ?? 0;
}
