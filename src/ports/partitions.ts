/** How the records of a namespace are spread over partitions, for databases that have them. */

/** What to change, and how. */
export interface RebucketOptions {
  /** Leading labels of the namespaces to change; `*` matches any one label, `[]` every namespace. */
  readonly namespace: readonly string[];
  /** New number of partitions of each of these namespaces, from 1 to 256. */
  readonly buckets: number;
  /** Only counts. */
  readonly dryRun?: boolean;
  /**
   * Most records copied per second.
   * @default 2000
   */
  readonly recordsPerSecond?: number;
  readonly onProgress?: (progress: RebucketProgress) => void;
  /** Stops after the page in progress. The same call continues there. */
  readonly signal?: AbortSignal;
}

/** Part of a change: counting and copying records, comparing the copies, deleting the previous partitions. */
export type RebucketPhase = "count" | "copy" | "verify" | "delete";

/** Progress of a change. */
export interface RebucketProgress {
  readonly phase: RebucketPhase;
  /** Estimated share of the phase, from 0 to 1; null if unknown. */
  readonly done: number | null;
  /** Records of the phase so far. */
  readonly records: number;
}

/** A completed change. */
export interface RebucketReport {
  readonly namespace: readonly string[];
  readonly buckets: number;
  readonly dryRun: boolean;
  /** Whether the namespaces already had this number of partitions, so that nothing was done. */
  readonly unchanged: boolean;
  /** Namespaces whose partitions changed. */
  readonly namespaces: number;
  /** Records in their partitions, delete markers included. */
  readonly records: number;
  /** Copies that were missing or older when the copies were compared, and were made again. */
  readonly repaired: number;
  /** Records that cannot be decoded; they were copied as they are. */
  readonly unreadable: number;
}

/** The partitions of a store. */
export interface PartitionStatus {
  /** The first rule that matches a namespace applies; without one, it has one partition. Equals `cql.buckets`. */
  readonly rules: readonly { readonly namespace: readonly string[]; readonly buckets: number }[];
  /** The change in progress, which may be interrupted; null without one. */
  readonly change: {
    readonly namespace: readonly string[];
    readonly buckets: number;
    /** Whether reads use the new partitions already, so that the change can no longer be aborted. */
    readonly switched: boolean;
    readonly progress: RebucketProgress;
  } | null;
}

/** Changes the partitions of namespaces while processes read and write them. */
export interface Partitions {
  status(): Promise<PartitionStatus>;

  /**
   * Changes the number of partitions, or continues an interrupted change.
   *
   * @throws {ValidationError} when another change is in progress.
   */
  rebucket(options: RebucketOptions): Promise<RebucketReport>;

  /**
   * Ends the change in progress and deletes the new partitions.
   *
   * @returns whether there was one.
   * @throws {ValidationError} when reads use the new partitions already.
   */
  abort(signal?: AbortSignal): Promise<boolean>;
}
