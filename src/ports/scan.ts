/** A page of a full scan, in the order that is cheapest for the storage. */
export interface ScanPage<T> {
  readonly found: readonly T[];
  /** Opaque position of the next page; null when there is none. */
  readonly next: string | null;
  /** Approximate progress of the scan after this page, from 0 to 1. */
  readonly done: number;
}
