/** Options of the driver of the database that holds the records. */
import { z } from "zod";
import { count } from "./field-types.ts";
import { example } from "./meta.ts";

const levels = ["ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM"] as const;

const writeConsistency = z.enum([...levels, "EACH_QUORUM"]).default("LOCAL_QUORUM");

/** Without EACH_QUORUM: ScyllaDB rejects reads with it. An undefined message selects the general one, which lists the levels. */
const readConsistency = z
  .enum(levels, {
    error: ({ input }) =>
      input === "EACH_QUORUM" ? 'EACH_QUORUM is for writes only; reads take "LOCAL_QUORUM", "QUORUM" or "ALL"' : undefined,
  })
  .default("LOCAL_QUORUM");

function profile<Levels extends z.core.util.EnumLike>(
  consistency: z.ZodDefault<z.ZodEnum<Levels>>,
  what: string,
  timeout: string,
) {
  return z
    .strictObject({
      consistency: consistency.describe(`Consistency level of ${what}.`),
      timeoutMs: count.optional().describe(`Timeout of a request to one node, in milliseconds; ${timeout} by default.`).meta(example(6000)),
      executionProfile: z
        .string()
        .min(1)
        .optional()
        .describe("Name of an execution profile of your own `client`, for settings that these options do not cover.")
        .meta(example("analytics")),
    })
    .prefault({})
    .describe(`Consistency and timeout of ${what}.`);
}

/** Execution of each kind of request. */
export const profiles = z
  .strictObject({
    read: profile(readConsistency, "a read", "`requestTimeoutMs`"),
    write: profile(writeConsistency, "a write", "`requestTimeoutMs`"),
    scan: profile(readConsistency, "one page of a scan over many partitions", "twice `requestTimeoutMs`"),
    schema: profile(readConsistency, "a statement that reads or changes the schema", "30 s, or `requestTimeoutMs` if longer,"),
  })
  .prefault({})
  .describe(
    "Consistency and timeout of each kind of request. Below a quorum, a read may miss a write, and the loss of one node may lose an " +
      "acknowledged write; each start then logs a warning.",
  );

/** Connections to each node. */
export const pooling = z
  .strictObject({
    connectionsPerNode: count.optional().describe("Connections to each node of the local data center; 1 by default.").meta(example(2)),
    maxRequestsPerConnection: count
      .max(32_768)
      .optional()
      .describe("Most requests in flight on one connection; 2048 by default. Beyond it, the driver uses another node.")
      .meta(example(2048)),
    heartbeatMs: z
      .int()
      .min(0)
      .optional()
      .describe("Interval of heartbeats on an idle connection, in milliseconds; 30000 by default, 0 disables them.")
      .meta(example(30_000)),
    warmUp: z.boolean().default(true).describe("Whether all connections are opened at start instead of at first use."),
  })
  .prefault({})
  .describe("Connections to the nodes.");

/** Speculative execution: sends a request to a second node while the first is slow. */
export const speculativeExecution = z
  .strictObject({
    delayMs: count.describe("Time without an answer after which the request goes to the next node too, in milliseconds.").meta(example(100)),
    maxExecutions: count.default(1).describe("Most additional nodes for one request."),
  })
  .describe(
    "Sends a request to another node while one is slow; the first answer is used. Applies to reads and writes of data, " +
      "which are idempotent. Off by default.",
  );

/** Astra DB. */
export const cloud = z
  .strictObject({
    secureConnectBundle: z
      .string()
      .min(1)
      .describe("Path of the secure connect bundle (.zip), which holds nodes, data center and certificates.")
      .meta(example("./secure-connect-agents.zip")),
  })
  .describe("Astra DB. Use an application token as `credentials`: username \"token\", password \"AstraCS:…\".");
