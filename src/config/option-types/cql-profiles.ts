// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Consistency and timeout of each kind of request. Below a quorum, a read may miss a write, and the loss of one node may lose an acknowledged write; each start then logs a warning. */
export interface CqlProfilesOptions {
  /** Consistency and timeout of a read. */
  read?: CqlProfilesReadOptions | undefined;
  /** Consistency and timeout of a write. */
  write?: CqlProfilesWriteOptions | undefined;
  /** Consistency and timeout of one page of a scan over many partitions. */
  scan?: CqlProfilesScanOptions | undefined;
  /** Consistency and timeout of a statement that reads or changes the schema. */
  schema?: CqlProfilesSchemaOptions | undefined;
}

/** Consistency and timeout of a read. */
export interface CqlProfilesReadOptions {
  /**
   * Consistency level of a read.
   *
   * @default "LOCAL_QUORUM"
   */
  consistency?: "ONE" | "TWO" | "THREE" | "QUORUM" | "ALL" | "LOCAL_ONE" | "LOCAL_QUORUM" | undefined;
  /**
   * Timeout of a request to one node, in milliseconds; `requestTimeoutMs` by default.
   *
   * @example 6000
   */
  timeoutMs?: number | undefined;
  /**
   * Name of an execution profile of your own `client`, for settings that these options do not cover.
   *
   * @example "analytics"
   */
  executionProfile?: string | undefined;
}

/** Consistency and timeout of a write. */
export interface CqlProfilesWriteOptions {
  /**
   * Consistency level of a write.
   *
   * @default "LOCAL_QUORUM"
   */
  consistency?: "ONE" | "TWO" | "THREE" | "QUORUM" | "ALL" | "LOCAL_ONE" | "LOCAL_QUORUM" | "EACH_QUORUM" | undefined;
  /**
   * Timeout of a request to one node, in milliseconds; `requestTimeoutMs` by default.
   *
   * @example 6000
   */
  timeoutMs?: number | undefined;
  /**
   * Name of an execution profile of your own `client`, for settings that these options do not cover.
   *
   * @example "analytics"
   */
  executionProfile?: string | undefined;
}

/** Consistency and timeout of one page of a scan over many partitions. */
export interface CqlProfilesScanOptions {
  /**
   * Consistency level of one page of a scan over many partitions.
   *
   * @default "LOCAL_QUORUM"
   */
  consistency?: "ONE" | "TWO" | "THREE" | "QUORUM" | "ALL" | "LOCAL_ONE" | "LOCAL_QUORUM" | undefined;
  /**
   * Timeout of a request to one node, in milliseconds; twice `requestTimeoutMs` by default.
   *
   * @example 6000
   */
  timeoutMs?: number | undefined;
  /**
   * Name of an execution profile of your own `client`, for settings that these options do not cover.
   *
   * @example "analytics"
   */
  executionProfile?: string | undefined;
}

/** Consistency and timeout of a statement that reads or changes the schema. */
export interface CqlProfilesSchemaOptions {
  /**
   * Consistency level of a statement that reads or changes the schema.
   *
   * @default "LOCAL_QUORUM"
   */
  consistency?: "ONE" | "TWO" | "THREE" | "QUORUM" | "ALL" | "LOCAL_ONE" | "LOCAL_QUORUM" | undefined;
  /**
   * Timeout of a request to one node, in milliseconds; 30 s, or `requestTimeoutMs` if longer, by default.
   *
   * @example 6000
   */
  timeoutMs?: number | undefined;
  /**
   * Name of an execution profile of your own `client`, for settings that these options do not cover.
   *
   * @example "analytics"
   */
  executionProfile?: string | undefined;
}
