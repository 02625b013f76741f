/**
 * A batch of intents as one cell of bytes. In one piece, so that none is ever kept, or lost, without the others that it
 * was noted with.
 */
import { toBuffer } from "./bytes.ts";
import { kindOf, SchemaError, ValidationError } from "./errors.ts";
import type { ItemId } from "./item.ts";

/** Bumped when a reader of today could misread what is written. */
const FORMAT = 1;

/** What is encoded of a batch; its id and its due time are the key under which it is kept. */
export interface IntentCell {
  /** How often the batch was postponed. */
  readonly attempts: number;
  /** The writes that are meant, with the milliseconds since the epoch when they were noted. */
  readonly intents: readonly (ItemId & { readonly writeId: string; readonly recordedAt: number; readonly isDeadLettered?: true })[];
}

/** Short names and no field names within: a cell may hold a hundred intents. */
interface Stored {
  /** Format of the cell. */
  readonly b: typeof FORMAT;
  /** Attempts. */
  readonly a: number;
  /** Namespace, key, write id and time of each intent; a 1 behind those that are dead. */
  readonly i: readonly (readonly [string, string, string, number, 1?])[];
}

/** Encodes all of a batch but its key. */
export function encodeIntents({ attempts, intents }: IntentCell): Buffer {
  const stored: Stored = {
    b: FORMAT,
    a: attempts,
    i: intents.map(({ namespace, key, writeId, recordedAt, isDeadLettered }) =>
      isDeadLettered ? [namespace, key, writeId, recordedAt, 1] : [namespace, key, writeId, recordedAt],
    ),
  };
  return Buffer.from(JSON.stringify(stored));
}

/**
 * Decodes a cell.
 *
 * @throws {SchemaError} when the cell was written by a newer version, or by something else.
 */
function decodeIntents(cell: Uint8Array): IntentCell {
  const { a, i } = parse(toBuffer(cell).toString("utf8"));
  return {
    attempts: a,
    intents: i.map(([namespace, key, writeId, recordedAt, deadLettered]) => ({
      namespace,
      key,
      writeId,
      recordedAt,
      ...(deadLettered === 1 ? { isDeadLettered: true } : {}),
    })),
  };
}

/** As {@link decodeIntents}; null for a cell that this version cannot read, so that it does not fail those beside it. */
export function readableIntents(cell: Uint8Array): IntentCell | null {
  try {
    return decodeIntents(cell);
  } catch (error) {
    if (error instanceof SchemaError) return null;
    throw error;
  }
}

/** Decodes batches, and counts those that this version cannot read. */
export function readableBatches<Batch extends { readonly cell: Uint8Array }>(
  rows: readonly Batch[],
): { readonly batches: (Omit<Batch, "cell"> & IntentCell)[]; readonly unreadable: number } {
  const batches = rows.flatMap(({ cell, ...place }) => {
    const intents = readableIntents(cell);
    return intents === null ? [] : [{ ...place, ...intents }];
  });
  return { batches, unreadable: rows.length - batches.length };
}

function parse(text: string): Stored {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (cause) {
    throw new SchemaError("A batch of intents is not of this store's format: something else wrote its table.", { cause });
  }
  // Only this store writes this table, so the format number alone identifies a newer cell.
  if (typeof stored !== "object" || stored === null || !("b" in stored) || stored.b !== FORMAT) {
    throw new SchemaError("A batch of intents is in a newer format than this version reads: upgrade this process.");
  }
  if ("i" in stored && Array.isArray(stored.i) && stored.i.every(isIntent)) return stored as Stored;
  throw new SchemaError("A batch of intents is damaged: something else wrote its table.");
}

function isIntent(row: unknown): boolean {
  if (!Array.isArray(row)) return false;
  const [namespace, key, writeId, recordedAt] = row as unknown[];
  return [namespace, key, writeId].every((text) => typeof text === "string") && typeof recordedAt === "number";
}

/**
 * Checks a due time, which decides where its batch is kept: rounded here and not there, it would never be found again.
 *
 * @throws {ValidationError} unless it is a whole number of milliseconds since the epoch.
 */
export function checkDueAt(dueAt: number): void {
  if (Number.isSafeInteger(dueAt) && dueAt >= 0) return;
  const given = typeof dueAt === "number" ? String(dueAt) : kindOf(dueAt);
  throw new ValidationError(`dueAt must be a whole number of milliseconds since the epoch, but got ${given}.`);
}
