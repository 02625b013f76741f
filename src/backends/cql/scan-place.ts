/** The position of a scan of all records, and its text form. */
import { z } from "zod";
import { ValidationError } from "../../model/errors.ts";
import type { PlacedRule } from "./bucket-rules.ts";
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
  /** The layout of which records are returned; null before the first read. */
  readonly rules: readonly PlacedRule[] | null;
  /** Passes by layouts that were deleted before their end; what they returned is not returned again. */
  readonly passes: readonly Pass[];
}

/** A pass over the ring that ended early: it returned all records up to a token, and of one partition only those up to a key. */
export interface Pass {
  readonly rules: readonly PlacedRule[];
  readonly after: bigint;
  readonly partial: (Partition & { readonly key: string | null }) | null;
}

export const SCAN_START: ScanPlace = { after: LOWEST_TOKEN, window: null, failed: [], partition: null, rules: null, passes: [] };

/** Ends the pass of a place, and starts the next one by another layout. */
export function nextPass(place: ScanPlace, rules: readonly PlacedRule[]): ScanPlace {
  const { after, window, partition, passes } = place;
  const partial = partition === null ? (window?.last ?? null) : { namespace: partition.namespace, bucket: partition.bucket, key: partition.keys.after };
  const pass = place.rules === null || (after === LOWEST_TOKEN && partial === null) ? [] : [{ rules: place.rules, after, partial }];
  return { ...SCAN_START, rules, passes: [...passes, ...pass] };
}

const token = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .transform(BigInt)
  .refine((value) => value >= LOWEST_TOKEN && value <= GREATEST_TOKEN);
const partition = { namespace: z.string(), bucket: z.int() };
const rules = z.array(z.strictObject({ namespace: z.array(z.string()), base: z.int(), buckets: z.int().min(1) }));
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
  rules: rules.nullable(),
  passes: z.array(z.strictObject({ rules, after: token, partial: z.strictObject({ ...partition, key: z.string().nullable() }).nullable() })),
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
