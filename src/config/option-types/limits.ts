// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Bounds of single operations. */
export interface LimitsOptions {
  /**
   * Largest value, in bytes of JSON.
   *
   * @default 4194304
   */
  maxValueBytes?: number | undefined;
  /**
   * Longest label of a namespace, in UTF-8 bytes; all labels together are limited to 16384.
   *
   * @default 512
   */
  maxLabelBytes?: number | undefined;
  /**
   * Most labels of a namespace.
   *
   * @default 64
   */
  maxNamespaceLabels?: number | undefined;
  /**
   * Longest key, in UTF-8 bytes.
   *
   * @default 32768
   */
  maxKeyBytes?: number | undefined;
  /**
   * Most text paths in the `index` of one put or view; `{a,b}` counts as two.
   *
   * @default 64
   */
  maxIndexPaths?: number | undefined;
  /**
   * Most operations in one batch.
   *
   * @default 10000
   */
  maxBatchOperations?: number | undefined;
  /**
   * Most bytes of values, filters, queries, keys, namespaces and index paths in one batch; the operations beyond it are rejected.
   *
   * @default 67108864
   */
  maxBatchBytes?: number | undefined;
  /**
   * Deepest nesting of a filter.
   *
   * @default 32
   */
  maxFilterDepth?: number | undefined;
  /**
   * Most conditions in one filter, or in one listing of namespaces.
   *
   * @default 1000
   */
  maxFilterConditions?: number | undefined;
  /**
   * Most values in one $in or $nin of a filter.
   *
   * @default 10000
   */
  maxFilterValues?: number | undefined;
  /**
   * Longest filter, in characters of its field names and operands.
   *
   * @default 1048576
   */
  maxFilterBytes?: number | undefined;
  /**
   * Most filter conditions that one search evaluates, over all items; beyond it, the search ends and reports `info.truncated`.
   *
   * @default 10000000
   */
  maxFilterTests?: number | undefined;
  /**
   * Greatest `limit` of a search or a listing of namespaces.
   *
   * @default 100000
   */
  maxLimit?: number | undefined;
  /**
   * Greatest `offset` of a search or a listing of namespaces.
   *
   * @default 1000000
   */
  maxOffset?: number | undefined;
  /**
   * Longest query of a search, in UTF-8 bytes.
   *
   * @default 65536
   */
  maxQueryBytes?: number | undefined;
  /**
   * Most items that one search reads and skips, for `offset` or a filter; a namespace without live items counts as ten.
   *
   * @default 100000
   */
  maxScannedItems?: number | undefined;
  /**
   * Most vector hits that one search reads.
   *
   * @default 10000
   */
  maxScoredHits?: number | undefined;
  /**
   * Most items that a degraded search ranks by keywords.
   *
   * @default 2000
   */
  maxKeywordCandidates?: number | undefined;
  /**
   * Most bytes of values that a degraded search ranks by keywords; beyond it, the search ranks what it has read and reports `info.truncated`. Lower it to shorten searches during an outage.
   *
   * @default 16777216
   */
  maxKeywordBytes?: number | undefined;
  /**
   * Time budget of a get, search or listing, in milliseconds; ranking by similarity gets half of it.
   *
   * @default 10000
   */
  deadlineMs?: number | undefined;
  /**
   * Time budget for embedding the query of a search, in milliseconds. Beyond it, the search ranks by keywords; raise it for a slow embedding provider.
   *
   * @default 3000
   */
  queryEmbeddingDeadlineMs?: number | undefined;
  /**
   * Time budget of one query to the vector index, in milliseconds. Beyond it, the search ranks by keywords; raise it where exact queries over many vectors take longer.
   *
   * @default 1000
   */
  vectorQueryDeadlineMs?: number | undefined;
  /**
   * Time budget of a put, a delete, or all writes of a batch, in milliseconds; embedding gets half of it.
   *
   * @default 30000
   */
  writeDeadlineMs?: number | undefined;
  /**
   * Time budget of one write to the vector index, in milliseconds. Beyond it, the reconciler writes the vectors, see `vectorSync`.
   *
   * @default 5000
   */
  vectorWriteDeadlineMs?: number | undefined;
  /**
   * Time budget of one request of the reconciler, a repair, a sweep or a rebuild, in milliseconds: one page of a scan, not the entire scan. Independent of the other budgets.
   *
   * @default 60000
   */
  maintenanceDeadlineMs?: number | undefined;
  /**
   * Longest time, in milliseconds, that stop() waits for operations in flight and for TTL refreshes; then it aborts them.
   *
   * @default 10000
   */
  drainMs?: number | undefined;
  /**
   * Most bytes of values of puts in flight; beyond it, puts are rejected as unavailable.
   *
   * @default 67108864
   */
  maxPendingBytes?: number | undefined;
  /**
   * Most bytes of memory for the values and namespaces that one call or one batch returns; beyond it, the operation is rejected. A single value is always returned.
   *
   * @default 67108864
   */
  maxReadBytes?: number | undefined;
  /**
   * Most bytes of memory for the values that searches and batches of gets in flight hold, and at most a quarter of the largest heap of the process; beyond it, they are rejected as unavailable.
   *
   * @default 268435456
   */
  maxPendingReadBytes?: number | undefined;
  /**
   * Most concurrent searches and listings; others wait.
   *
   * @default 32
   */
  maxConcurrentSearches?: number | undefined;
  /**
   * Most searches and listings that wait; beyond it, they are rejected as unavailable.
   *
   * @default 10000
   */
  maxQueuedSearches?: number | undefined;
}
