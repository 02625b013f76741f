// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Consistency and timeout of each kind of request. Below a quorum, reads may miss writes and one lost node may lose an acknowledged write; each start then logs a warning. */
export interface CqlProfilesOptions {
  /** Execution of a read. */
  read?: CqlProfilesReadOptions | undefined;
  /** Execution of a write. */
  write?: CqlProfilesWriteOptions | undefined;
  /** Execution of a page of a scan of many partitions. */
  scan?: CqlProfilesScanOptions | undefined;
  /** Execution of a read or change of the schema. */
  schema?: CqlProfilesSchemaOptions | undefined;
}

/** Execution of a read. */
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

/** Execution of a write. */
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

/** Execution of a page of a scan of many partitions. */
export interface CqlProfilesScanOptions {
  /**
   * Consistency level of a page of a scan of many partitions.
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

/** Execution of a read or change of the schema. */
export interface CqlProfilesSchemaOptions {
  /**
   * Consistency level of a read or change of the schema.
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
