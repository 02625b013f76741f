import type { LiveRecord, Value } from "../model/item.ts";

/** A result: the record, and its score if it was ranked. */
export interface Found {
  readonly record: LiveRecord;
  /** The decoded value, where a filter needed it. */
  readonly value: Value | undefined;
  readonly score: number | undefined;
}
