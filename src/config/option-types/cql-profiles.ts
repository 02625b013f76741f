// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** How each kind of operation is asked for. Reads and writes that need fewer replicas than a quorum may not see each other, and an acknowledged write may be lost with one node; each start then warns. */
export interface CqlProfilesOptions {
  /** How a read is asked for. */
  read?: CqlProfilesReadOptions | undefined;
  /** How a write is asked for. */
  write?: CqlProfilesWriteOptions | undefined;
  /** How a page of a scan of many partitions is asked for. */
  scan?: CqlProfilesScanOptions | undefined;
  /** How a look at the schema, or a change of it, is asked for. */
  schema?: CqlProfilesSchemaOptions | undefined;
}

/** How a read is asked for. */
export interface CqlProfilesReadOptions {
  /**
   * How many replicas must answer a read.
   *
   * @default "LOCAL_QUORUM"
   */
  consistency?: "ONE" | "TWO" | "THREE" | "QUORUM" | "ALL" | "LOCAL_ONE" | "LOCAL_QUORUM" | undefined;
  /**
   * Longest wait for the answer of one node, in milliseconds; `requestTimeoutMs` by default.
   *
   * @example 6000
   */
  timeoutMs?: number | undefined;
  /**
   * Name of an execution profile of your own `client`, for what these options do not say.
   *
   * @example "analytics"
   */
  executionProfile?: string | undefined;
}

/** How a write is asked for. */
export interface CqlProfilesWriteOptions {
  /**
   * How many replicas must answer a write.
   *
   * @default "LOCAL_QUORUM"
   */
  consistency?: "ONE" | "TWO" | "THREE" | "QUORUM" | "ALL" | "LOCAL_ONE" | "LOCAL_QUORUM" | "EACH_QUORUM" | undefined;
  /**
   * Longest wait for the answer of one node, in milliseconds; `requestTimeoutMs` by default.
   *
   * @example 6000
   */
  timeoutMs?: number | undefined;
  /**
   * Name of an execution profile of your own `client`, for what these options do not say.
   *
   * @example "analytics"
   */
  executionProfile?: string | undefined;
}

/** How a page of a scan of many partitions is asked for. */
export interface CqlProfilesScanOptions {
  /**
   * How many replicas must answer a page of a scan of many partitions.
   *
   * @default "LOCAL_QUORUM"
   */
  consistency?: "ONE" | "TWO" | "THREE" | "QUORUM" | "ALL" | "LOCAL_ONE" | "LOCAL_QUORUM" | undefined;
  /**
   * Longest wait for the answer of one node, in milliseconds; twice `requestTimeoutMs` by default.
   *
   * @example 6000
   */
  timeoutMs?: number | undefined;
  /**
   * Name of an execution profile of your own `client`, for what these options do not say.
   *
   * @example "analytics"
   */
  executionProfile?: string | undefined;
}

/** How a look at the schema, or a change of it, is asked for. */
export interface CqlProfilesSchemaOptions {
  /**
   * How many replicas must answer a look at the schema, or a change of it,.
   *
   * @default "LOCAL_QUORUM"
   */
  consistency?: "ONE" | "TWO" | "THREE" | "QUORUM" | "ALL" | "LOCAL_ONE" | "LOCAL_QUORUM" | undefined;
  /**
   * Longest wait for the answer of one node, in milliseconds; 30 s, or `requestTimeoutMs` if that is longer, by default.
   *
   * @example 6000
   */
  timeoutMs?: number | undefined;
  /**
   * Name of an execution profile of your own `client`, for what these options do not say.
   *
   * @example "analytics"
   */
  executionProfile?: string | undefined;
}
