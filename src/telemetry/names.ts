/**
 * Names of all spans, attributes and metrics. The tables of `docs/observability.md`, the alert rules and the dashboard are
 * generated from them. Names follow OpenTelemetry's semantic conventions; others begin with `langgraph.store.`.
 */

/** Instrumentation scope: the name of the package. */
export const SCOPE = "langgraph-store-scylladb";

/** Operations of the store, as in span names and labels. */
export const OPERATIONS = ["put", "delete", "get", "search", "list-namespaces"] as const;

/** An operation of the store. */
export type OperationName = (typeof OPERATIONS)[number];

/** A name and its meaning. */
export interface Named {
  readonly name: string;
  readonly meaning: string;
}

/** Spans. Spans of database calls are named by the conventions: operation and target. */
export const SPANS = {
  operation: {
    name: "langgraph.store.<operation>",
    meaning:
      "A public operation: `put`, `delete`, `get`, `search`, `list-namespaces`, or `batch` for several. Includes rate limits and audit trail.",
  },
  embed: {
    name: "langgraph.store.embed",
    meaning: "Embedding of the texts of a put or of a query: from the cache, a call in flight, or the provider.",
  },
  syncVectors: {
    name: "langgraph.store.sync_vectors",
    meaning: "A put or delete writes or deletes its vectors. The span of the shared request is its child, or is linked with it.",
  },
  fallback: {
    name: "langgraph.store.fallback",
    meaning: "A degraded search ranks records by keywords. The reads of records are its children.",
  },
  reconcile: { name: "langgraph.store.reconcile", meaning: "A pass of the reconciler that found due intents." },
  repair: { name: "langgraph.store.repair", meaning: "A scan of all records and vectors, by `repair()` or by the rebuild of a lost collection." },
  sweep: { name: "langgraph.store.sweep", meaning: "A sweep that deletes expired items." },
  database: {
    name: "<db.operation.name> <db.collection.name>",
    meaning:
      "A call to the record database or to Qdrant (kind CLIENT), with its retries as events. A shared request is linked with the span of each caller.",
  },
  provider: {
    name: "embeddings",
    meaning: "A call to the embedding provider (kind CLIENT), with its retries as events. It is linked with the span of each caller whose texts it contains.",
  },
} as const satisfies Record<string, Named>;

/** Attributes and labels. */
export const ATTRIBUTES = {
  dbSystem: { name: "db.system.name", meaning: "`cassandra` for every CQL database (the conventions have no name for ScyllaDB), `qdrant`, or `sqlite` for the local file." },
  dbOperation: { name: "db.operation.name", meaning: "Operation of the database: `get`, `put`, `list`, `upsert`, `query`, …" },
  dbCollection: { name: "db.collection.name", meaning: "The table, or the configured collection." },
  dbNamespace: { name: "db.namespace", meaning: "The keyspace." },
  dbBatchSize: { name: "db.operation.batch.size", meaning: "Number of items in a call, if more than one." },
  serverAddress: { name: "server.address", meaning: "The configured host (the first contact point), or the host of the node." },
  serverPort: { name: "server.port", meaning: "Port of that host." },
  errorType: { name: "error.type", meaning: "Code of the error, such as `TIMEOUT`; `OTHER` for errors that are not from the store." },
  genAiOperation: { name: "gen_ai.operation.name", meaning: "Always `embeddings`." },
  genAiModel: { name: "gen_ai.request.model", meaning: "The model: `index.model`, or the name that the provider reports." },
  operation: { name: "langgraph.store.operation", meaning: "`put`, `delete`, `get`, `search` or `list-namespaces`." },
  outcome: { name: "langgraph.store.outcome", meaning: "`ok`, `degraded` (a search that could not run in the requested mode) or `error`." },
  operationId: { name: "langgraph.store.operation.id", meaning: "Random id; also in the log line of a slow or failed operation." },
  errorName: { name: "langgraph.store.error.name", meaning: "Class of the error, such as `VectorSyncError`." },
  retryable: { name: "langgraph.store.error.retryable", meaning: "Whether the same call may succeed later." },
  tenant: { name: "langgraph.store.tenant", meaning: "Only with `telemetry.tenantOf`: its result, `other` beyond `telemetry.maxTenants`, or `none` without a result." },
  namespaceHash: { name: "langgraph.store.namespace.hash", meaning: "Hash of the namespace, or of the prefix of a search." },
  namespace: { name: "langgraph.store.namespace", meaning: "The namespace itself; only with `telemetry.includeNamespaces`." },
  keyHash: { name: "langgraph.store.key.hash", meaning: "Hash of the key." },
  key: { name: "langgraph.store.key", meaning: "The key itself; only with `telemetry.includeKeys`." },
  mode: { name: "langgraph.store.search.mode", meaning: "How a search was answered: `semantic`, `keyword`, `hybrid` or `filter`." },
  degraded: { name: "langgraph.store.search.degraded", meaning: "Whether the search ran in another mode than the requested one, because that was not available." },
  reason: { name: "langgraph.store.search.reason", meaning: "Why a search is degraded: `embedding-failed`, `vectors-unavailable`, `ranking-too-slow`, `continues-degraded` or `keywords-missing`." },
  results: { name: "langgraph.store.search.results", meaning: "Items found." },
  truncated: { name: "langgraph.store.search.truncated", meaning: "Whether the search stopped at a limit before it read all candidates." },
  texts: { name: "langgraph.store.embedding.texts", meaning: "Number of texts to embed." },
  cacheHits: { name: "langgraph.store.embedding.cache_hits", meaning: "Number of texts whose vectors were in the cache." },
  shared: { name: "langgraph.store.embedding.shared", meaning: "Number of texts that a call in flight was already embedding." },
  purpose: { name: "langgraph.store.embedding.purpose", meaning: "`document` or `query`." },
  source: { name: "langgraph.store.embedding.source", meaning: "Source of the vector of a text: `cache`, `shared` (a call in flight) or `provider`." },
  group: { name: "langgraph.store.group", meaning: "Kind of shared request: `intents`, `embeddings`, `upserts` or `removals`." },
  groupSize: { name: "langgraph.store.group.size", meaning: "Number of inputs in one shared request." },
  service: { name: "langgraph.store.service", meaning: "`records`, `vectors` or `embeddings`." },
  attempt: { name: "langgraph.store.retry.attempt", meaning: "Number of the failed attempt, from 1." },
  delay: { name: "langgraph.store.retry.delay_ms", meaning: "Delay before the next attempt, in milliseconds." },
  event: { name: "langgraph.store.event.type", meaning: "Type of an event of the store, as in `store.on()`." },
  verdict: { name: "langgraph.store.verdict", meaning: "Outcome of an intent: `settled`, `watched` (in sync, but the record of the write was not seen yet), `failed` (retried), `dead` (dead-lettered), or `stale` (stale vectors that a search found)." },
  swept: { name: "langgraph.store.swept", meaning: "`points` or `records`." },
  refresh: { name: "langgraph.store.ttl.refresh", meaning: "Outcome of a TTL refresh: `written`, `failed`, or `dropped` (the queue was full, or the store was stopped)." },
  path: { name: "langgraph.store.sync.path", meaning: "`write`: by the put itself. `reconcile`: by the reconciler." },
  timeEmbedding: { name: "langgraph.store.time.embedding_ms", meaning: "Time that the operation waited for embeddings, in milliseconds." },
  timeRecords: { name: "langgraph.store.time.records_ms", meaning: "Time that the operation waited for reads and writes of records and of its intent, in milliseconds." },
  timeVectors: { name: "langgraph.store.time.vectors_ms", meaning: "Time that the operation waited for vectors, in milliseconds." },
  timeQueue: { name: "langgraph.store.time.queue_ms", meaning: "Part of these times that the operation waited in a queue, for a rate limit or for the previous group, in milliseconds." },
} as const satisfies Record<string, Named>;

/** Events of spans. */
export const SPAN_EVENTS = {
  retry: { name: "langgraph.store.retry", meaning: "An attempt failed and is retried." },
  fallback: { name: "langgraph.store.degraded", meaning: "The search continues in another mode; the event has the reason." },
  failed: { name: "langgraph.store.operation_failed", meaning: "An operation of a batch failed; the others continued." },
} as const satisfies Record<string, Named>;

/** A metric. */
export interface Metric extends Named {
  readonly instrument: "histogram" | "counter" | "gauge";
  readonly unit: string;
  readonly labels: readonly (keyof typeof ATTRIBUTES)[];
  /** Values of the labels that the descriptions of the labels do not cover. */
  readonly values?: string;
  /** Upper bounds of the buckets, in the unit. */
  readonly buckets?: readonly number[];
}

/** Seconds, from a read of the local file to the longest deadline; alerts use 0.1 and 1. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Seconds until vectors are in sync, by the write itself or by the reconciler after an outage. */
const SYNC_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60, 300, 1_800, 3_600] as const;

const SIZES = [1, 2, 5, 10, 20, 50, 100] as const;

const BYTES = [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304] as const;

const DATABASE: readonly (keyof typeof ATTRIBUTES)[] = [
  "dbSystem",
  "dbNamespace",
  "dbCollection",
  "dbOperation",
  "serverAddress",
  "serverPort",
  "errorType",
];

/** Metrics. */
export const METRICS = {
  operationDuration: {
    name: "langgraph.store.operation.duration",
    instrument: "histogram",
    unit: "s",
    labels: ["operation", "outcome", "errorType", "tenant"],
    values: "`error.type` only where the outcome is `error`; tenant only with `telemetry.tenantOf`",
    buckets: SECONDS,
    meaning: "Duration of an operation. Each operation of a batch counts, with the duration of the batch.",
  },
  operationsInFlight: {
    name: "langgraph.store.operations.in_flight",
    instrument: "gauge",
    unit: "{operation}",
    labels: [],
    meaning: "Operations in flight.",
  },
  slowOperations: {
    name: "langgraph.store.slow_operations",
    instrument: "counter",
    unit: "{operation}",
    labels: ["operation"],
    meaning: "Operations that took longer than `telemetry.slowOperationMs`.",
  },
  rateLimited: {
    name: "langgraph.store.rate_limited",
    instrument: "counter",
    unit: "{operation}",
    labels: ["operation"],
    meaning: "Operations that a rate limit rejected.",
  },
  valueSize: {
    name: "langgraph.store.value.size",
    instrument: "histogram",
    unit: "By",
    labels: [],
    buckets: BYTES,
    meaning: "Encoded size of the values of puts.",
  },
  databaseDuration: {
    name: "db.client.operation.duration",
    instrument: "histogram",
    unit: "s",
    labels: DATABASE,
    values: "one system, keyspace, host and port for each service",
    buckets: SECONDS,
    meaning: "Duration of a call to CQL, Qdrant or the local file, including retries and the wait at the bulkhead.",
  },
  embeddingDuration: {
    name: "langgraph.store.embedding.duration",
    instrument: "histogram",
    unit: "s",
    labels: ["purpose", "errorType"],
    buckets: SECONDS,
    meaning: "Duration of a call to the embedding provider, including retries.",
  },
  embeddingTexts: {
    name: "langgraph.store.embedding.texts",
    instrument: "counter",
    unit: "{text}",
    labels: ["purpose", "source"],
    meaning: "Texts to embed, by source. The share of the source `cache` is the hit rate of the cache.",
  },
  embeddingCacheEntries: {
    name: "langgraph.store.embedding.cache.entries",
    instrument: "gauge",
    unit: "{text}",
    labels: [],
    meaning: "Texts in the embedding cache.",
  },
  groupSize: {
    name: "langgraph.store.group.size",
    instrument: "histogram",
    unit: "{input}",
    labels: ["group"],
    buckets: SIZES,
    meaning: "Inputs of different callers per shared request.",
  },
  vectorSyncDuration: {
    name: "langgraph.store.vector_sync.duration",
    instrument: "histogram",
    unit: "s",
    labels: ["path"],
    buckets: SYNC_SECONDS,
    meaning: "Time from the write of a record until its vectors are searchable. On the path `reconcile`, the time of the write is the version of the record.",
  },
  degradedSearches: {
    name: "langgraph.store.search.degraded",
    instrument: "counter",
    unit: "{search}",
    labels: ["reason"],
    meaning: "Searches with a query that could not run in the requested mode.",
  },
  staleHits: {
    name: "langgraph.store.search.stale_hits",
    instrument: "counter",
    unit: "{hit}",
    labels: [],
    meaning: "Vector hits that were omitted because their record is deleted, expired or from another write. The reconciler repairs them.",
  },
  intentsPending: {
    name: "langgraph.store.intents.pending",
    instrument: "gauge",
    unit: "{intent}",
    labels: [],
    meaning: "Recorded intents of all processes, including those of recently completed writes. At most 1,000 batches are counted.",
  },
  intentsDead: {
    name: "langgraph.store.intents.dead",
    instrument: "gauge",
    unit: "{intent}",
    labels: [],
    meaning: "Dead-lettered intents: their writes fail at every retry.",
  },
  intentsOverdue: {
    name: "langgraph.store.intents.overdue",
    instrument: "gauge",
    unit: "s",
    labels: [],
    meaning: "Age of the oldest due intent; 0 when none is due.",
  },
  intentsReconciled: {
    name: "langgraph.store.intents.reconciled",
    instrument: "counter",
    unit: "{intent}",
    labels: ["verdict"],
    meaning: "Intents that the reconciler processed, by outcome.",
  },
  breakerState: {
    name: "langgraph.store.breaker.state",
    instrument: "gauge",
    unit: "1",
    labels: ["service"],
    meaning: "0: closed. 1: half-open, a probe is in flight. 2: open, calls fail fast.",
  },
  retries: {
    name: "langgraph.store.retries",
    instrument: "counter",
    unit: "{retry}",
    labels: ["service"],
    meaning: "Attempts after the first.",
  },
  callsInFlight: {
    name: "langgraph.store.calls.in_flight",
    instrument: "gauge",
    unit: "{call}",
    labels: ["service"],
    meaning: "Calls in flight to a service.",
  },
  callsWaiting: {
    name: "langgraph.store.calls.waiting",
    instrument: "gauge",
    unit: "{call}",
    labels: ["service"],
    meaning: "Calls that wait at the bulkhead.",
  },
  hostUp: {
    name: "langgraph.store.cql.host.up",
    instrument: "gauge",
    unit: "1",
    labels: ["serverAddress", "serverPort"],
    values: "one for each node of the cluster",
    meaning: "1: the driver considers the node up. 0: the node is unreachable.",
  },
  cqlConnections: {
    name: "langgraph.store.cql.connections",
    instrument: "gauge",
    unit: "{connection}",
    labels: ["serverAddress", "serverPort"],
    values: "one for each node of the cluster",
    meaning: "Open connections to the node.",
  },
  cqlInFlight: {
    name: "langgraph.store.cql.in_flight",
    instrument: "gauge",
    unit: "{request}",
    labels: ["serverAddress", "serverPort"],
    values: "one for each node of the cluster",
    meaning: "Requests in flight to the node.",
  },
  cqlCapacity: {
    name: "langgraph.store.cql.capacity",
    instrument: "gauge",
    unit: "{request}",
    labels: ["serverAddress", "serverPort"],
    values: "one for each node of the cluster",
    meaning: "Largest number of concurrent requests on the open connections to the node.",
  },
  vectorsComplete: {
    name: "langgraph.store.vectors.complete",
    instrument: "gauge",
    unit: "1",
    labels: [],
    meaning: "1: the vectors are complete. 0: the collection was lost and is being rebuilt; searches are degraded.",
  },
  swept: {
    name: "langgraph.store.swept",
    instrument: "counter",
    unit: "{item}",
    labels: ["swept"],
    meaning: "Expired items that the sweeper deleted.",
  },
  ttlRefreshes: {
    name: "langgraph.store.ttl.refreshes",
    instrument: "counter",
    unit: "{item}",
    labels: ["refresh"],
    meaning: "TTL refreshes of items that were read, by outcome. Refreshes are written in the background.",
  },
  events: {
    name: "langgraph.store.events",
    instrument: "counter",
    unit: "{event}",
    labels: ["event"],
    meaning: "Events of the store, such as `vector-sync-failed`, `intent-dead` or `secret-refresh-failed`.",
  },
} as const satisfies Record<string, Metric>;

/** Key of a metric in {@link METRICS}. */
export type MetricName = keyof typeof METRICS;

/** The Prometheus name of a metric, as OpenTelemetry's exporter for JavaScript writes it. */
export function prometheusName({ name, instrument }: Pick<Metric, "name" | "instrument">): string {
  return name.replaceAll(/[^a-z0-9_]/gi, "_") + (instrument === "counter" ? "_total" : "");
}

/** The Prometheus name of a label. */
export function prometheusLabel(name: keyof typeof ATTRIBUTES): string {
  return ATTRIBUTES[name].name.replaceAll(/[^a-z0-9_]/gi, "_");
}
