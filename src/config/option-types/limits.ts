// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Bounds of single operations. */
export interface LimitsOptions {
  /**
   * Longest stored value, in bytes of JSON.
   *
   * @default 4194304
   */
  maxValueBytes?: number | undefined;
  /**
   * Longest label of a namespace, in UTF-8 bytes; all labels together have no more than 16384.
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
   * Most paths of texts that the `index` of one put, or of a view, may name; `{a,b}` counts as two.
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
   * Most bytes of keys, values, filters and queries in one batch; the operations after them are refused.
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
   * Most conditions that the filter of one search evaluates, over all items; beyond, the search ends as `truncated`.
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
   * Most items that one search reads without returning them, for `offset` or a filter; a namespace without live items counts as ten.
   *
   * @default 100000
   */
  maxScannedItems?: number | undefined;
  /**
   * Most vector hits that one search looks at.
   *
   * @default 10000
   */
  maxScoredHits?: number | undefined;
  /**
   * Most items that a search ranks by keywords while similarity cannot be had.
   *
   * @default 2000
   */
  maxKeywordCandidates?: number | undefined;
  /**
   * Most bytes of values that a search ranks by keywords; beyond, it ranks what it has read and reports `info.truncated`. Lower it to shorten searches during an outage.
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
   * Time budget for embedding the query of a search, in milliseconds. When it is spent, the search is ranked by keywords; raise it for a slow embedding provider.
   *
   * @default 3000
   */
  queryEmbeddingDeadlineMs?: number | undefined;
  /**
   * Time budget of one query to the vector index, in milliseconds. When it is spent, the search is ranked by keywords; raise it where exact queries over many vectors take longer.
   *
   * @default 1000
   */
  vectorQueryDeadlineMs?: number | undefined;
  /**
   * Time budget of a put or delete, or of those of a batch, in milliseconds; embedding gets half of it.
   *
   * @default 30000
   */
  writeDeadlineMs?: number | undefined;
  /**
   * Time budget of one write to the vector index, in milliseconds. When it is spent, the vectors are left to the reconciler, see `vectorSync`.
   *
   * @default 5000
   */
  vectorWriteDeadlineMs?: number | undefined;
  /**
   * Time budget of one request of the reconciler, a repair, a sweep or the rebuild of a lost collection, in milliseconds: one page of a scan, not all of it. It does not depend on the other budgets.
   *
   * @default 60000
   */
  maintenanceDeadlineMs?: number | undefined;
  /**
   * Longest time, in milliseconds, that stop() waits for operations in flight and for refreshes of times to live; then they are given up.
   *
   * @default 10000
   */
  drainMs?: number | undefined;
  /**
   * Most bytes of values that are being written at once; beyond, puts are refused as unavailable.
   *
   * @default 67108864
   */
  maxPendingBytes?: number | undefined;
  /**
   * Most bytes of values that one batch of gets or one search returns; beyond, it is refused. One value is always returned.
   *
   * @default 67108864
   */
  maxReadBytes?: number | undefined;
  /**
   * Most bytes of values that batches of gets and searches in flight hold; beyond, they are refused as unavailable.
   *
   * @default 268435456
   */
  maxPendingReadBytes?: number | undefined;
  /**
   * Most searches and listings that run at once; others wait.
   *
   * @default 32
   */
  maxConcurrentSearches?: number | undefined;
  /**
   * Most searches and listings that wait; beyond, they are refused as unavailable.
   *
   * @default 10000
   */
  maxQueuedSearches?: number | undefined;
}
