/** Bounds the bytes of records that reads hold: per call, and all calls in flight together. */
import { rejected } from "../concurrency/outcomes.ts";
import { isStoreError, UnavailableError, ValidationError, type StoreError } from "../model/errors.ts";
import { idText, type ItemId, type ItemRecord } from "../model/item.ts";
import type { ItemRepository } from "../ports/item-repository.ts";

/** Bounds in bytes. */
export interface ReadLimits {
  /** Most bytes of values that one call returns. One value is returned whatever its size. */
  readonly maxReadBytes: number;
  /** Most bytes of values that all calls in flight hold. */
  readonly maxPendingReadBytes: number;
}

/** The size of a record is known only once it is read: so many are read first, and more the smaller they turn out to be. */
const FIRST_PART = 64;
const LARGEST_PART = 1_000;
const GROWTH = 4;
const BYTES_OF_PART = 16 * 1024 * 1024;

/** What all calls in flight hold. */
export class ReadBudget {
  readonly #limits: ReadLimits;
  #held = 0;

  constructor(limits: ReadLimits) {
    this.#limits = limits;
  }

  /** Runs a call whose bytes are counted, and gives them back when it is over. */
  async run<T>(call: (reading: Reading) => Promise<T>): Promise<T> {
    const reading = new Reading(this);
    try {
      return await call(reading);
    } finally {
      this.#held -= reading.bytes;
    }
  }

  /** Takes bytes for a call that holds `held` already; the error when they do not fit. For {@link Reading}. */
  take(bytes: number, held: number): StoreError | null {
    const { maxReadBytes, maxPendingReadBytes } = this.#limits;
    if (held > 0 && held + bytes > maxReadBytes) {
      return new ValidationError(
        `The values to read hold more than ${maxReadBytes} bytes, the most of one call (limits.maxReadBytes): ask for fewer ` +
          "items at once, with a lower limit or a smaller batch.",
        { details: { maxBytes: maxReadBytes } },
      );
    }
    if (this.#held > 0 && this.#held + bytes > maxPendingReadBytes) {
      return new UnavailableError(
        `Reads in flight hold ${this.#held} bytes of values, and may hold ${maxPendingReadBytes} (limits.maxPendingReadBytes): ` +
          "try again, with fewer at once.",
        { details: { heldBytes: this.#held, maxBytes: maxPendingReadBytes } },
      );
    }
    this.#held += bytes;
    return null;
  }
}

/** The bytes that one call holds. */
export class Reading {
  readonly #budget: ReadBudget;
  bytes = 0;

  constructor(budget: ReadBudget) {
    this.#budget = budget;
  }

  /** Counts a record that is kept; the error when it does not fit, and is not counted. */
  take(record: ItemRecord | null): StoreError | null {
    const bytes = bytesIn(record);
    if (bytes === 0) return null;
    const fault = this.#budget.take(bytes, this.bytes);
    if (fault === null) this.bytes += bytes;
    return fault;
  }
}

/**
 * Reads records at their positions, each distinct id once, until the budget is used up; what does not fit is rejected.
 * A record that cannot be decoded, or a part that cannot be read, fails alone.
 */
export async function readCounted(
  items: Pick<ItemRepository, "get">,
  ids: readonly ItemId[],
  reading: Reading,
): Promise<PromiseSettledResult<ItemRecord | null>[]> {
  const distinct = new Map(ids.map((id) => [idText(id), id]));
  const outcomes = new Map<string, PromiseSettledResult<ItemRecord | null>>();
  let full: PromiseRejectedResult | null = null;
  for await (const part of inParts([...distinct.values()], (some) => settled(items, some))) {
    for (const [id, outcome] of part) {
      const fault = outcome.status === "fulfilled" ? reading.take(outcome.value) : null;
      if (fault !== null) full = rejected(fault);
      outcomes.set(idText(id), fault === null ? outcome : rejected(fault));
    }
    if (full !== null) break;
  }
  return ids.map((id) => outcomes.get(idText(id)) ?? (full as PromiseRejectedResult));
}

/** Reads records part by part, so that the caller can let go of one before the next is read. */
export async function* readInParts(
  items: Pick<ItemRepository, "get">,
  ids: readonly ItemId[],
): AsyncGenerator<readonly (ItemRecord | null)[], void, undefined> {
  const read = async (part: readonly ItemId[]): Promise<PromiseSettledResult<ItemRecord | null>[]> =>
    (await items.get(part)).map((value) => ({ status: "fulfilled", value }));
  for await (const part of inParts(ids, read)) {
    yield part.map(([, outcome]) => (outcome as PromiseFulfilledResult<ItemRecord | null>).value);
  }
}

type Outcome = readonly [ItemId, PromiseSettledResult<ItemRecord | null>];

async function* inParts(
  ids: readonly ItemId[],
  read: (part: readonly ItemId[]) => Promise<readonly PromiseSettledResult<ItemRecord | null>[]>,
): AsyncGenerator<readonly Outcome[], void, undefined> {
  let size = FIRST_PART;
  let largest = 1;
  for (let next = 0; next < ids.length; ) {
    const part = ids.slice(next, next + size);
    const outcomes = await read(part);
    yield part.map((id, i): Outcome => [id, outcomes[i] as PromiseSettledResult<ItemRecord | null>]);
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
    // One record that cannot be read, as a newer version wrote it, fails its own get only.
    const isUnreadable = isStoreError(reason) && reason.code === "SCHEMA";
    if (!isUnreadable || ids.length === 1) return ids.map(() => rejected(reason));
    return (await Promise.all(ids.map((id) => settled(items, [id])))).flat();
  }
}

function bytesIn(record: ItemRecord | null): number {
  return record?.value?.bytes.byteLength ?? 0;
}
