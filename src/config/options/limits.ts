/** Bounds of single operations. */
import { z } from "zod";
import { DEEPEST_FILTER, DEFAULT_FILTER_LIMITS } from "../../model/filter.ts";
import { DEFAULT_LABEL_BYTES, MAX_LABELS, MAX_PATH_BYTES } from "../../model/namespace.ts";
import { MAX_KEY_BYTES } from "../../model/request.ts";
import { WRITE_BOUND_MS } from "../../model/write-bound.ts";
import { count } from "./field-types.ts";

/** Bounds of single operations. */
export const limits = z
  .strictObject({
    maxValueBytes: count.default(4 * 1024 * 1024).describe("Largest value, in bytes of JSON."),
    maxLabelBytes: count
      .max(MAX_PATH_BYTES)
      .default(DEFAULT_LABEL_BYTES)
      .describe(`Longest label of a namespace, in UTF-8 bytes; all labels together are limited to ${MAX_PATH_BYTES}.`),
    maxNamespaceLabels: count.max(MAX_LABELS).default(MAX_LABELS).describe("Most labels of a namespace."),
    maxKeyBytes: count.max(MAX_KEY_BYTES).default(MAX_KEY_BYTES).describe("Longest key, in UTF-8 bytes."),
    maxIndexPaths: count
      .default(64)
      .describe("Most text paths in the `index` of one put or view; `{a,b}` counts as two."),
    maxBatchOperations: count.default(10_000).describe("Most operations in one batch."),
    maxBatchBytes: count
      .default(64 * 1024 * 1024)
      .describe("Most bytes of values, filters, queries, keys, namespaces and index paths in one batch; the operations beyond it are rejected."),
    maxFilterDepth: count
      .max(DEEPEST_FILTER)
      .default(DEFAULT_FILTER_LIMITS.maxFilterDepth)
      .describe("Deepest nesting of a filter."),
    maxFilterConditions: count
      .default(DEFAULT_FILTER_LIMITS.maxFilterConditions)
      .describe("Most conditions in one filter, or in one listing of namespaces."),
    maxFilterValues: count
      .default(DEFAULT_FILTER_LIMITS.maxFilterValues)
      .describe("Most values in one $in or $nin of a filter."),
    maxFilterBytes: count
      .default(DEFAULT_FILTER_LIMITS.maxFilterBytes)
      .describe("Longest filter, in characters of its field names and operands."),
    maxFilterTests: count
      .default(10_000_000)
      .describe("Most filter conditions that one search evaluates, over all items; beyond it, the search ends and reports `info.truncated`."),
    maxLimit: count.default(100_000).describe("Greatest `limit` of a search or a listing of namespaces."),
    maxOffset: count.default(1_000_000).describe("Greatest `offset` of a search or a listing of namespaces."),
    maxQueryBytes: count.default(65_536).describe("Longest query of a search, in UTF-8 bytes."),
    maxScannedItems: count
      .default(100_000)
      .describe("Most items that one search reads and skips, for `offset` or a filter; a namespace without live items counts as ten."),
    maxScoredHits: count.default(10_000).describe("Most vector hits that one search reads."),
    maxKeywordCandidates: count
      .default(2_000)
      .describe("Most items that a degraded search ranks by keywords."),
    maxKeywordBytes: count
      .default(16 * 1024 * 1024)
      .describe(
        "Most bytes of values that a degraded search ranks by keywords; beyond it, the search ranks what it has read and reports " +
          "`info.truncated`. Lower it to shorten searches during an outage.",
      ),
    deadlineMs: count
      .default(10_000)
      .describe("Time budget of a get, search or listing, in milliseconds; ranking by similarity gets half of it."),
    queryEmbeddingDeadlineMs: count
      .default(3_000)
      .describe(
        "Time budget for embedding the query of a search, in milliseconds. Beyond it, the search ranks by keywords; raise it for a slow embedding provider.",
      ),
    vectorQueryDeadlineMs: count
      .default(1_000)
      .describe(
        "Time budget of one query to the vector index, in milliseconds. Beyond it, the search ranks by keywords; raise it where exact queries over many vectors take longer.",
      ),
    writeDeadlineMs: count
      .max(WRITE_BOUND_MS)
      .default(WRITE_BOUND_MS)
      .describe("Time budget of a put, a delete, or all writes of a batch, in milliseconds; embedding gets half of it."),
    vectorWriteDeadlineMs: count
      .default(5_000)
      .describe(
        "Time budget of one write to the vector index, in milliseconds. Beyond it, the reconciler writes the vectors, see `vectorSync`.",
      ),
    maintenanceDeadlineMs: count
      .default(60_000)
      .describe(
        "Time budget of one request of the reconciler, a repair, a sweep or a rebuild, in milliseconds: one page of a scan, not the entire scan. Independent of the other budgets.",
      ),
    drainMs: count
      .default(10_000)
      .describe("Longest time, in milliseconds, that stop() waits for operations in flight and for TTL refreshes; then it aborts them."),
    maxPendingBytes: count
      .default(64 * 1024 * 1024)
      .describe("Most bytes of values of puts in flight; beyond it, puts are rejected as unavailable."),
    maxReadBytes: count
      .default(64 * 1024 * 1024)
      .describe("Most bytes of memory for the values and namespaces that one call or one batch returns; beyond it, the operation is rejected. A single value is always returned."),
    maxPendingReadBytes: count
      .default(256 * 1024 * 1024)
      .describe("Most bytes of memory for the values that searches and batches of gets in flight hold, and at most a quarter of the largest heap of the process; beyond it, they are rejected as unavailable."),
    maxConcurrentSearches: count.default(32).describe("Most concurrent searches and listings; others wait."),
    maxQueuedSearches: count
      .default(10_000)
      .describe("Most searches and listings that wait; beyond it, they are rejected as unavailable."),
  })
  .prefault({})
  .describe("Bounds of single operations.");
