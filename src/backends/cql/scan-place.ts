/** How far a scan of all records is, and as text. */
import { z } from "zod";
import { ValidationError } from "../../model/errors.ts";
import type { KeyPlace } from "./key-windows.ts";
import { GREATEST_TOKEN, LOWEST_TOKEN } from "./token-ranges.ts";

/** A partition of records. */
export interface Partition {
  readonly namespace: string;
  readonly bucket: number;
}

/** A window of tokens of which the first pages have been read. */
interface OpenWindow {
  readonly end: bigint;
  /** The driver's page state. */
  readonly page: string;
  /** The last record that was read; null where all pages were empty. */
  readonly last: (Partition & { readonly key: string }) | null;
}

/** A window of tokens of which a read was given up: it is read in slices of this width instead. */
interface FailedWindow {
  readonly until: bigint;
  readonly slice: bigint;
}

/** A partition of which a read was given up: it is read key by key. */
export interface OpenPartition extends Partition {
  readonly keys: KeyPlace;
}

/** How far a scan is. */
export interface ScanPlace {
  /** All partitions up to this token have been read, but for the one under way. */
  readonly after: bigint;
  readonly window: OpenWindow | null;
  /** Each inside the one before it. */
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

/** @throws {ValidationError} when the text is none that a scan gave. */
export function parsePlace(text: string): ScanPlace {
  const parsed = place.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ValidationError("A scan cannot go on from a place that no scan of CQL records gave: start with null.");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
