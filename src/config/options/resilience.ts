/** Options of how the store bears failures of the services that it stands on. */
import { z } from "zod";
import { count } from "./field-types.ts";

/** What becomes of a put whose vectors cannot be written. */
export const vectorSync = z
  .enum(["strict", "deferred"])
  .default("strict")
  .describe('When vectors cannot be written: "strict" rejects the put (stored, queued), "deferred" resolves it and logs.');

/** What becomes of a put whose texts cannot be embedded. */
export const embeddingFailure = z
  .enum(["fail", "store-unindexed"])
  .default("fail")
  .describe('When texts cannot be embedded: "fail" saves nothing, "store-unindexed" stores the item and queues its indexing.');

/** When writes that did not end are seen to. */
export const reconcile = z
  .strictObject({
    graceMs: count.default(60_000).describe("After so long without its end, milliseconds, any process sees to a write."),
    tickMs: count.default(5_000).describe("Between two looks at what is due, milliseconds."),
    flushMs: z
      .int()
      .min(0)
      .default(6_000)
      .describe("A note of a write stays so long after its end, milliseconds: longer than Qdrant takes to flush."),
  })
  .prefault({})
  .describe("The reconciler, which finishes what a crash or an outage left.");

/** When a call is tried again. */
export const retry = z
  .strictObject({
    maxAttempts: count.default(3).describe("Attempts in all; 1 tries once."),
    initialDelayMs: count.default(500).describe("Pause before the second attempt, in milliseconds; doubles each time."),
    maxDelayMs: count.default(10_000).describe("Longest pause, in milliseconds."),
  })
  .prefault({})
  .describe("Calls to a service (records, vectors, embedding provider) that failed for a passing reason.");

/** When a service that fails is left alone. */
export const breaker = z
  .strictObject({
    failures: count.default(5).describe("Calls that failed in a row, with all their attempts, after which a service is left alone."),
    halfOpenAfterMs: count.default(5_000).describe("After so long, in milliseconds, one call tries whether it is back."),
  })
  .prefault({})
  .describe("Circuit breakers: one each for the records in CQL, for Qdrant and for the embedding provider.");

/** How many calls a service gets at once. */
export const bulkhead = z
  .strictObject({
    maxConcurrent: count.default(256).describe("Most calls to one service that are under way at once; others wait."),
    maxQueued: count.default(10_000).describe("Most calls to one service, or to the local file, that wait; beyond, they are rejected as unavailable."),
  })
  .prefault({})
  .describe("Bounds of the calls to each service.");
