/**
 * A batch of intents as one cell of bytes, so that all intents of a batch are stored or lost together.
 */
import { toBuffer } from "./bytes.ts";
import { kindOf, SchemaError, ValidationError } from "./errors.ts";
import type { ItemId } from "./item.ts";

/** Format number; increased when an older reader could misread a cell. */
const FORMAT = 1;

/** The encoded part of a batch; id and due time are its storage key. */
export interface IntentCell {
  /** How often the batch was postponed. */
  readonly attempts: number;
  /** The intents; `recordedAt` is in milliseconds since the epoch. */
  readonly intents: readonly (ItemId & { readonly writeId: string; readonly recordedAt: number; readonly isDeadLettered?: true })[];
}

/** Stored form, with short names because a cell may contain a hundred intents. */
interface Stored {
  /** Format of the cell. */
  readonly b: typeof FORMAT;
  /** Attempts. */
  readonly a: number;
  /** Namespace, key, write id and time of each intent; 1 as fifth element if it is dead-lettered. */
  readonly i: readonly (readonly [string, string, string, number, 1?])[];
}

/** Encodes a batch without its storage key. */
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
 * @throws {SchemaError} when a newer version or another program wrote the cell.
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

/** As {@link decodeIntents}; null for an unreadable cell, so that it does not affect other cells. */
export function readableIntents(cell: Uint8Array): IntentCell | null {
  try {
    return decodeIntents(cell);
  } catch (error) {
    if (error instanceof SchemaError) return null;
    throw error;
  }
}

/** Decodes batches, and counts the unreadable ones. */
export function readableBatches<Batch extends { readonly cell: Uint8Array }>(
  rows: readonly Batch[],
): { readonly batches: (Omit<Batch, "cell"> & IntentCell)[]; readonly unreadable: number } {
  const batches = rows.flatMap(({ cell, ...row }) => {
    const intents = readableIntents(cell);
    return intents === null ? [] : [{ ...row, ...intents }];
  });
  return { batches, unreadable: rows.length - batches.length };
}

function parse(text: string): Stored {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (cause) {
    throw new SchemaError("A batch of intents is not in the format of this store: another program wrote to its table.", { cause });
  }
  // Only this store writes this table, so the format number alone identifies a newer cell.
  if (typeof stored !== "object" || stored === null || !("b" in stored) || stored.b !== FORMAT) {
    throw new SchemaError("A batch of intents is in a newer format than this version reads: upgrade this process.");
  }
  if ("i" in stored && Array.isArray(stored.i) && stored.i.every(isIntent)) return stored as Stored;
  throw new SchemaError("A batch of intents is damaged: another program wrote to its table.");
}

function isIntent(row: unknown): boolean {
  if (!Array.isArray(row)) return false;
  const [namespace, key, writeId, recordedAt] = row as unknown[];
  return [namespace, key, writeId].every((text) => typeof text === "string") && typeof recordedAt === "number";
}

/**
 * Validates a due time, which is part of the storage key: a fraction that one reader rounds would hide the batch.
 *
 * @throws {ValidationError} unless it is a whole number of milliseconds since the epoch.
 */
export function checkDueAt(dueAt: number): void {
  if (Number.isSafeInteger(dueAt) && dueAt >= 0) return;
  const given = typeof dueAt === "number" ? String(dueAt) : kindOf(dueAt);
  throw new ValidationError(`dueAt must be a whole number of milliseconds since the epoch, but got ${given}.`);
}
