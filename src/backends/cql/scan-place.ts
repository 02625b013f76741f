/** The position of a scan of all records, and its text form. */
import { z } from "zod";
import { ValidationError } from "../../model/errors.ts";
import type { KeyPlace } from "./key-windows.ts";
import { GREATEST_TOKEN, LOWEST_TOKEN } from "./token-ranges.ts";

/** A partition of records. */
export interface Partition {
  readonly namespace: string;
  readonly bucket: number;
}

/** A window of tokens whose first pages have been read. */
interface OpenWindow {
  readonly end: bigint;
  /** The driver's page state. */
  readonly page: string;
  /** The last record that was read; null if all pages were empty. */
  readonly last: (Partition & { readonly key: string }) | null;
}

/** An aborted window of tokens, which is read in slices of this width. */
interface FailedWindow {
  readonly until: bigint;
  readonly slice: bigint;
}

/** A tombstone-heavy partition, which is read in windows of keys. */
export interface OpenPartition extends Partition {
  readonly keys: KeyPlace;
}

/** Position of a scan. */
export interface ScanPlace {
  /** All partitions up to this token have been read, except the current one. */
  readonly after: bigint;
  readonly window: OpenWindow | null;
  /** Nested windows, outermost first. */
  readonly failed: readonly FailedWindow[];
  readonly partition: OpenPartition | null;
}

export const SCAN_START: ScanPlace = { after: LOWEST_TOKEN, window: null, failed: [], partition: null };

const token = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .transform(BigInt)
  .refine((value) => value >= LOWEST_TOKEN && value <= GREATEST_TOKEN);
const partition = { namespace: z.string(), bucket: z.int() };
const keys = z.strictObject({ after: z.string().nullable(), ends: z.array(z.string()) });

const place = z.strictObject({
  after: token,
  window: z
    .strictObject({
      end: token,
      page: z.string().regex(/^[0-9a-f]+$/),
      last: z.strictObject({ ...partition, key: z.string() }).nullable(),
    })
    .nullable(),
  failed: z.array(z.strictObject({ until: token, slice: z.string().regex(/^\d{1,20}$/).transform(BigInt) })),
  partition: z.strictObject({ ...partition, keys }).nullable(),
});

export function formatPlace(value: ScanPlace): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part));
}

/** @throws {ValidationError} when no scan returned the text. */
export function parsePlace(text: string): ScanPlace {
  const parsed = place.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ValidationError("The position does not come from a scan of CQL records: start with null.");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
