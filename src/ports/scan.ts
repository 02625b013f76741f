/** A part of everything that is stored, in whatever order the storage reads it cheapest. */
export interface ScanPage<T> {
  readonly found: readonly T[];
  /** Where the next part starts, for this storage alone to read; null when there is none. */
  readonly next: string | null;
  /** About what share of all has been read with this part, from 0 to 1. */
  readonly done: number;
}
