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
      consistency: consistency.describe(`How many replicas must answer ${what}.`),
      timeoutMs: count.optional().describe(`Longest wait for the answer of one node, in milliseconds; ${timeout} by default.`).meta(example(6000)),
      executionProfile: z
        .string()
        .min(1)
        .optional()
        .describe("Name of an execution profile of your own `client`, for what these options do not say.")
        .meta(example("analytics")),
    })
    .prefault({})
    .describe(`How ${what} is asked for.`);
}

/** How each kind of operation is asked for. */
export const profiles = z
  .strictObject({
    read: profile(readConsistency, "a read", "`requestTimeoutMs`"),
    write: profile(writeConsistency, "a write", "`requestTimeoutMs`"),
    scan: profile(readConsistency, "a page of a scan of many partitions", "twice `requestTimeoutMs`"),
    schema: profile(readConsistency, "a look at the schema, or a change of it,", "30 s, or `requestTimeoutMs` if that is longer,"),
  })
  .prefault({})
  .describe(
    "How each kind of operation is asked for. Reads and writes that need fewer replicas than a quorum may not see each other, " +
      "and an acknowledged write may be lost with one node; each start then warns.",
  );

/** Connections to each node. */
export const pooling = z
  .strictObject({
    connectionsPerNode: count.optional().describe("Connections to each node of the local data centre; 1 by default.").meta(example(2)),
    maxRequestsPerConnection: count
      .max(32_768)
      .optional()
      .describe("Most requests under way on one connection; 2048 by default. Beyond, another node is asked.")
      .meta(example(2048)),
    heartbeatMs: z
      .int()
      .min(0)
      .optional()
      .describe("Pause after which an idle connection is tried, in milliseconds; 30000 by default, 0 never.")
      .meta(example(30_000)),
    warmUp: z.boolean().default(true).describe("Whether all connections are made at start, and not when they are first needed."),
  })
  .prefault({})
  .describe("Connections to the nodes.");

/** Asks a second node while the first is slow. */
export const speculativeExecution = z
  .strictObject({
    delayMs: count.describe("After so long without an answer, in milliseconds, the next node is asked too.").meta(example(100)),
    maxExecutions: count.default(1).describe("Most nodes that are asked besides the first."),
  })
  .describe(
    "Asks another node while one is slow; the first answer counts. For reads and writes of data, which may all be done twice " +
      "without harm. Left out, one node is asked at a time.",
  );

/** Astra DB. */
export const cloud = z
  .strictObject({
    secureConnectBundle: z
      .string()
      .min(1)
      .describe("Path of the secure connect bundle, a .zip file: it names the nodes and the data centre, and holds the certificates.")
      .meta(example("./secure-connect-agents.zip")),
  })
  .describe("Astra DB. With `credentials` of an application token: username \"token\", password \"AstraCS:…\".");
