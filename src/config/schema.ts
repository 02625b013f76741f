/**
 * Configuration: one schema is the type, the defaults and the documentation of every option. It is parsed once, before
 * any connection is made; unknown options are refused.
 */
import type { Client } from "cassandra-driver";
import { z } from "zod";
import { ConfigurationError, kindOf } from "../model/errors.ts";
import { parseTextPath } from "../model/index-text.ts";
import { WRITE_BOUND_MS } from "../model/write-bound.ts";
import { ANY_LABEL, toPath } from "../model/namespace.ts";
import type { EmbeddingsLike } from "../ports/embedder.ts";
import { silentLogger, type Logger } from "../ports/logger.ts";

const count = z.int().min(1);

const textPath = z.string().superRefine((path, context) => {
  try {
    parseTextPath(path);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

const pattern = z
  .array(z.string())
  .min(1)
  .superRefine((labels, context) => {
    try {
      toPath(labels, { allowReservedRoot: true });
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  })
  .describe(`Leading labels of the namespaces that the rule is for; "${ANY_LABEL}" stands for any one label.`);

const embeddings = z.custom<EmbeddingsLike>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<EmbeddingsLike>).embedDocuments === "function" &&
    typeof (value as Partial<EmbeddingsLike>).embedQuery === "function",
  "must be a LangChain Embeddings, such as new OpenAIEmbeddings()",
);

const logger = z.custom<Logger>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    (["debug", "info", "warn", "error"] as const).every((level) => typeof (value as Partial<Logger>)[level] === "function"),
  "must have the methods debug, info, warn and error, as a pino logger has",
);

const index = z
  .strictObject({
    dims: count.describe("Numbers in a vector of the model."),
    embeddings: embeddings.describe("A LangChain Embeddings."),
    model: z.string().min(1).optional().describe("Name of the model; by default what the embeddings object says."),
    fields: z.array(textPath).default(["$"]).describe('Paths of the texts to embed; "$" is the whole value, [] nothing.'),
    rules: z
      .array(z.strictObject({ namespace: pattern, fields: z.union([z.literal(false), z.array(textPath)]) }))
      .default([])
      .describe("Fields by namespace; the first rule that fits wins over `fields`."),
  })
  .describe("Semantic search. Left out, searches list and filter.");

const limits = z
  .strictObject({
    maxValueBytes: count.default(4 * 1024 * 1024).describe("Longest stored value, in bytes of JSON."),
    maxScannedItems: count.default(100_000).describe("Most items that one search reads without returning them."),
    maxScoredHits: count.default(10_000).describe("Most vector hits that one search looks at."),
    maxKeywordCandidates: count
      .default(2_000)
      .describe("Most items that a search ranks by keywords while similarity cannot be had."),
    deadlineMs: count
      .default(10_000)
      .describe("Longest time for a get, search or listing, in milliseconds; ranking by similarity gets half of it."),
    writeDeadlineMs: count
      .max(WRITE_BOUND_MS)
      .default(WRITE_BOUND_MS)
      .describe("Longest time for a put or delete, or those of a batch, in milliseconds; embedding gets half of it."),
    drainMs: count
      .default(10_000)
      .describe("Longest time, in milliseconds, that stop() waits for operations under way; then they are given up."),
    maxPendingBytes: count
      .default(64 * 1024 * 1024)
      .describe("Most bytes of values that are being written at once; beyond, puts are refused as unavailable."),
    maxConcurrentSearches: count.default(32).describe("Most searches and listings that run at once; others wait."),
    maxQueuedSearches: count
      .default(10_000)
      .describe("Most searches and listings that wait; beyond, they are refused as unavailable."),
  })
  .prefault({})
  .describe("Bounds of single operations.");

const embeddingCalls = z
  .strictObject({
    maxTextsPerCall: count.default(128).describe("Most texts in one call to the provider."),
    maxCalls: count.default(4).describe("Most calls to the provider under way at once."),
    maxWaitingTexts: count.default(50_000).describe("Most texts that wait for the provider; beyond, calls are refused."),
    cacheBytes: z.int().min(0).default(32 * 1024 * 1024).describe("Memory for cached vectors, in bytes; 0 keeps none."),
  })
  .prefault({})
  .describe("Calls to the embedding provider.");

const minutes = z.number().positive();

const ttl = z
  .strictObject({
    defaultTtl: minutes.optional().describe("Minutes that an item lives unless its put says otherwise; no end by default."),
    sweepIntervalMinutes: minutes
      .max(35_000)
      .default(60)
      .describe("Minutes between two sweeps, which take away the vectors of items that have ended."),
    refreshOnRead: z
      .boolean()
      .default(true)
      .describe("Whether get and search renew the time to live of what they return."),
    rules: z
      .array(z.strictObject({ namespace: pattern, defaultTtl: minutes.nullable() }))
      .default([])
      .describe("Minutes by namespace, null for no end; the first rule that fits wins over `defaultTtl`."),
  })
  .prefault({})
  .describe("How long items live.");

const common = {
  index: index.optional(),
  limits,
  embedding: embeddingCalls,
  ttl,
  vectorSync: z
    .enum(["strict", "deferred"])
    .default("strict")
    .describe('When vectors cannot be written: "strict" rejects the put (stored, queued), "deferred" resolves it and logs.'),
  embeddingFailure: z
    .enum(["fail", "store-unindexed"])
    .default("fail")
    .describe('When texts cannot be embedded: "fail" saves nothing, "store-unindexed" stores the item and queues its indexing.'),
  reconcile: z
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
    .describe("The reconciler, which finishes what a crash or an outage left."),
  retry: z
    .strictObject({
      maxAttempts: count.default(3).describe("Attempts in all; 1 tries once."),
      initialDelayMs: count.default(500).describe("Pause before the second attempt, in milliseconds; doubles each time."),
      maxDelayMs: count.default(10_000).describe("Longest pause, in milliseconds."),
    })
    .prefault({})
    .describe("Calls to a service (records, vectors, embedding provider) that failed for a passing reason."),
  breaker: z
    .strictObject({
      failures: count.default(5).describe("Calls that failed in a row, with all their attempts, after which a service is left alone."),
      halfOpenAfterMs: count.default(5_000).describe("After so long, in milliseconds, one call tries whether it is back."),
    })
    .prefault({})
    .describe("Circuit breakers: one each for the records in CQL, for Qdrant and for the embedding provider."),
  bulkhead: z
    .strictObject({
      maxConcurrent: count.default(256).describe("Most calls to one service that are under way at once; others wait."),
      maxQueued: count.default(10_000).describe("Most calls to one service that wait; beyond, they are refused as unavailable."),
    })
    .prefault({})
    .describe("Bounds of the calls to each service."),
  order: z.enum(["oldest", "newest"]).default("oldest").describe("Order of a search without a query, by creation."),
  logger: logger.default(() => silentLogger).describe("Where log lines go; a pino logger fits as it is."),
};

const identifier = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,47}$/, "must begin with a letter and hold at most 48 letters, digits and underscores");

const cql = z
  .strictObject({
    contactPoints: z.array(z.string().min(1)).min(1).optional().describe('Nodes to start from: "host" or "host:port".'),
    port: z.int().min(1).max(65_535).optional().describe("Port of contact points that name none; 9042 by default."),
    localDataCenter: z.string().min(1).optional().describe("Data centre whose nodes serve the operations."),
    keyspace: identifier.describe("Keyspace of the store; made at the first start."),
    credentials: z.strictObject({ username: z.string(), password: z.string() }).optional().describe("Plain-text login."),
    ssl: z.record(z.string(), z.unknown()).optional().describe("TLS, as the options of Node's tls.connect()."),
    replication: z
      .record(z.string().min(1), count)
      .optional()
      .describe("Replicas by data centre; by default the lesser of 3 and the number of local nodes."),
    client: z
      .custom<Client>((value) => typeof value === "object" && value !== null && "execute" in value, "must be a cassandra-driver Client")
      .optional()
      .describe("A driver Client of your own; it is never shut down by the store."),
    buckets: z
      .array(z.strictObject({ namespace: pattern, buckets: z.int().min(1).max(256) }))
      .default([])
      .describe("Partitions of a huge namespace; the first rule that fits wins, otherwise it has one."),
    requestTimeoutMs: count
      .default(6_000)
      .describe("Longest wait for the answer of one node, in milliseconds; a little above the server's own time-outs."),
  })
  .superRefine((options, context) => {
    if (options.client !== undefined) return;
    for (const name of ["contactPoints", "localDataCenter"] as const) {
      if (options[name] === undefined) context.addIssue({ code: "custom", path: [name], message: "is required without a client" });
    }
  });

const qdrant = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe("Base address; without a port, https means 443 and http 6333."),
  apiKey: z.string().min(1).optional().describe("API key."),
  collection: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, "must hold only letters, digits, underscores and hyphens")
    .optional()
    .describe("Alias of the collection; the keyspace's name by default."),
  requestTimeoutMs: count.default(10_000).describe("Longest wait for one answer, in milliseconds."),
  maxConnections: count.default(32).describe("Most connections at once."),
  headers: z.record(z.string(), z.string()).optional().describe("Headers added to every request."),
  shardNumber: count.optional().describe("Shards of a new collection."),
  replicationFactor: count.optional().describe("Replicas of each shard of a new collection."),
  writeConsistencyFactor: count.optional().describe("Replicas that must confirm a write to a new collection."),
  onDiskVectors: z.boolean().optional().describe("Keeps vectors of a new collection on disk."),
  onDiskPayload: z.boolean().optional().describe("Keeps payloads of a new collection on disk."),
  payloadM: count.default(16).describe("Links of a node in the graph of each namespace prefix."),
  efConstruct: count.default(100).describe("Neighbours considered while a graph is built."),
  quantization: z.record(z.string(), z.unknown()).optional().describe("Qdrant's quantization_config, as it documents it."),
});

/** Options of a store on servers. */
export const serverConfigSchema = z
  .strictObject({
    cql: cql.describe("ScyllaDB, Cassandra or Astra DB: the records."),
    qdrant: qdrant.optional().describe("Qdrant: the vectors. Needed when there is an index."),
    setup: z
      .enum(["auto", "never"])
      .default("auto")
      .describe('"auto" makes keyspace, tables and collection; "never" needs no right to, and refuses to start without them.'),
    ...common,
  })
  .superRefine((config, context) => {
    if (config.index !== undefined && config.qdrant === undefined) {
      context.addIssue({ code: "custom", path: ["qdrant"], message: "is required when there is an index" });
    }
  });

/** Options of a store on one local file. */
export const embeddedConfigSchema = z.strictObject({
  path: z.string().min(1).default("./langgraph-store.db").describe('The file; ":memory:" is a temporary one, removed when the store stops or the process exits.'),
  ...common,
});

/** What a caller gives for a store on servers. */
export type ScyllaDBStoreConfig = z.input<typeof serverConfigSchema>;
/** What a caller gives for a store on one local file. */
export type EmbeddedStoreConfig = z.input<typeof embeddedConfigSchema>;
/** The configuration in force, defaults filled in. */
export type ServerConfig = z.output<typeof serverConfigSchema>;
/** The configuration in force, defaults filled in. */
export type EmbeddedConfig = z.output<typeof embeddedConfigSchema>;
/** What both have in common. */
export type CommonConfig = Pick<ServerConfig, keyof typeof common>;

/**
 * Checks a configuration and fills in its defaults.
 *
 * @throws {ConfigurationError} that lists every mistake with its path and the kind of value found there, never a value.
 */
export function parseConfig<Schema extends z.ZodType>(schema: Schema, config: unknown): z.output<Schema> {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => {
    const path = issue.path.length === 0 ? "config" : issue.path.map(String).join(".");
    return `${path}: ${issue.message} (got ${kindOf(valueAt(config, issue.path))})`;
  });
  throw new ConfigurationError(`The configuration is wrong.\n${mistakes.map((mistake) => `  ${mistake}`).join("\n")}`, {
    details: { mistakes },
  });
}

function valueAt(config: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined),
    config,
  );
}
