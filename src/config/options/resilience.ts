/** Options for failures of the services that the store depends on. */
import { z } from "zod";
import { count } from "./field-types.ts";

/** Outcome of a put whose vectors cannot be written. */
export const vectorSync = z
  .enum(["strict", "deferred"])
  .default("strict")
  .describe('When vectors cannot be written: "strict" rejects the put, "deferred" resolves it and logs. Both store the record and queue the vectors.');

/** Outcome of a put whose texts cannot be embedded. */
export const embeddingFailure = z
  .enum(["fail", "store-unindexed"])
  .default("fail")
  .describe('When texts cannot be embedded: "fail" rejects the put and stores nothing, "store-unindexed" stores the item and queues its indexing.');

/** When recorded intents of incomplete writes are retried. */
export const reconcile = z
  .strictObject({
    graceMs: count.default(60_000).describe("Age after which any process completes an incomplete write, in milliseconds."),
    tickMs: count.default(5_000).describe("Interval at which the reconciler reads due intents, in milliseconds."),
    flushMs: z
      .int()
      .min(0)
      .default(6_000)
      .describe("Time that an intent is kept after its write completed, in milliseconds; must be longer than Qdrant's flush interval. On a local file, it is not kept."),
  })
  .prefault({})
  .describe("The reconciler, which completes writes after a crash or an outage.");

/** When a call is retried. */
export const retry = z
  .strictObject({
    maxAttempts: count.default(3).describe("Attempts in total; 1 disables retries."),
    initialDelayMs: count.default(500).describe("Delay before the second attempt, in milliseconds; doubles with each attempt."),
    maxDelayMs: count.default(10_000).describe("Longest delay between attempts, in milliseconds."),
  })
  .prefault({})
  .describe("Retries of calls to a service (records, vectors, embedding provider) after transient failures.");

/** When the circuit before a failing service opens. */
export const breaker = z
  .strictObject({
    failures: count.default(5).describe("Consecutive failed calls, retries included, after which the circuit opens."),
    halfOpenAfterMs: count.default(5_000).describe("Time until an open circuit lets one half-open probe through, in milliseconds."),
  })
  .prefault({})
  .describe("Circuit breakers for the records in CQL, for Qdrant and for the embedding provider.");

/** Bounds of concurrent and queued calls. */
export const bulkhead = z
  .strictObject({
    maxConcurrent: count.default(256).describe("Most calls in flight to one service; others wait."),
    maxQueued: count.default(10_000).describe("Most calls that wait for one service or for the local file; beyond it, calls are rejected as unavailable."),
  })
  .prefault({})
  .describe("Bounds of concurrent and queued calls to each service.");
