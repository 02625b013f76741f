/** Options and report of an import. */
import type { TransferProgress } from "./export.ts";
import type { ImportedVectors } from "./transferred-vectors.ts";
import type { ImportVerification } from "./verify-import.ts";

/** Options of an import. */
export interface ImportOptions {
  /** Imports only items at or below this namespace. */
  readonly prefix?: string[];
  /**
   * What happens to an item that is stored already. `newer`: the later update stays. `overwrite`: the imported one stays.
   * `keep`: the stored one stays.
   */
  readonly onConflict?: "newer" | "overwrite" | "keep";
  /** Reads the source again afterwards, and compares every item with what is stored. Of another store only. */
  readonly verify?: boolean;
  /** Only checks the lines and compares them with what is stored; writes nothing. */
  readonly dryRun?: boolean;
  /** Called for each line that is not imported, with its number. */
  readonly onRejected?: (rejection: ImportRejection) => void;
  /** Called after each batch. */
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Ends the import after the batches in progress. To continue, import again: what is stored is recognized. */
  readonly signal?: AbortSignal;
}

/** A line that was not imported. */
export interface ImportRejection {
  /** Number of the line, or of the item where the source has no lines; from 1. */
  readonly line: number;
  readonly reason: string;
}

/** Result of an import. */
export interface ImportReport {
  /** Items that were read. */
  readonly items: number;
  /** Items that were written, or would be in a dry run. */
  readonly imported: number;
  /** Items that are already stored with the same content. */
  readonly unchanged: number;
  /** Items whose stored value differs and was kept, see `onConflict`. */
  readonly kept: number;
  /** Items that had expired. */
  readonly expired: number;
  /** Items that are not below the prefix. */
  readonly skipped: number;
  /** Lines that were not imported; `onRejected` was called for each. */
  readonly rejected: number;
  /** Items that the source omitted, as they could not be decoded. */
  readonly missing: number;
  /** How many vectors of the source were used, and how many were not. */
  readonly vectors: ImportedVectors;
  /** Whether the source was read to its end: its end line was there, with the number of items read. */
  readonly complete: boolean;
  /** Null unless `verify` was set. */
  readonly verification: ImportVerification | null;
}
