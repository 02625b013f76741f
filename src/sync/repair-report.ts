/** Options, progress and result of a repair. */

/** Options of a repair. */
export interface RepairOptions {
  /** Counts inconsistencies without changing anything. */
  readonly dryRun?: boolean;
  /**
   * Continues an unfinished repair of the last 24 hours at its last page, with its counts. Empty namespaces stay registered
   * until a repair that starts at the beginning.
   */
  readonly resume?: boolean;
  /** Receives the progress after each page. */
  readonly onProgress?: (progress: RepairProgress) => void;
  /** Stops the repair after the current page; repaired items stay repaired. */
  readonly signal?: AbortSignal;
}

/** Progress of a repair. */
export interface RepairProgress {
  /** A repair reads all records first, then all points. */
  readonly phase: "records" | "points";
  /** Approximate progress of the phase, from 0 to 1. */
  readonly done: number;
  /** The counts so far. */
  readonly report: RepairReport;
}

/** Result of a repair. All inconsistencies are repaired except in a dry run and those counted in `failed`. */
export interface RepairReport {
  /** Live records that were checked. */
  readonly examined: number;
  /** Live records whose vectors are missing. */
  readonly missing: number;
  /** Live records whose vectors come from another write. */
  readonly stale: number;
  /** Points without a live record, or whose record has no texts to embed. */
  readonly orphaned: number;
  /** Live records without a listing entry. */
  readonly unlisted: number;
  /** Records that cannot be decoded; they are not changed. */
  readonly unreadable: number;
  /** Empty namespaces, which were unregistered. */
  readonly emptyNamespaces: number;
  /** Items that could not be repaired; the log has the reasons. */
  readonly failed: number;
}
