/**
 * All that telemetry is called: spans, attributes and metrics. `docs/observability.md` has its tables from here, and so
 * have the rules and the dashboard their names. Where OpenTelemetry's conventions have a name it is theirs, otherwise it
 * begins with `langgraph.store.`.
 */

/** Name of the instrumentation scope: of the package. */
export const SCOPE = "langgraph-store-scylladb";

/** Operations of the store, as they are called in names and labels. */
export const OPERATIONS = ["put", "delete", "get", "search", "list-namespaces"] as const;

/** An operation of the store. */
export type OperationName = (typeof OPERATIONS)[number];

/** A name and what it stands for. */
export interface Named {
  readonly name: string;
  readonly meaning: string;
}

/** Spans. Those of database calls are named by the conventions: the operation and what it is on. */
export const SPANS = {
  operation: {
    name: "langgraph.store.<operation>",
    meaning:
      "A public operation: `put`, `delete`, `get`, `search`, `list-namespaces`, or `batch` for a call of several. From the call to its answer, rate limits and audit trail included.",
  },
  embed: {
    name: "langgraph.store.embed",
    meaning: "The vectors of the texts of a put, or of a query: from the cache, from a call under way, or from the provider.",
  },
  syncVectors: {
    name: "langgraph.store.sync_vectors",
    meaning: "A put or delete waits until its vectors are written or taken away; holds the group's call, or is linked to it.",
  },
  fallback: {
    name: "langgraph.store.fallback",
    meaning: "A search is answered by keywords, as similarity cannot be had; holds the reads of that.",
  },
  reconcile: { name: "langgraph.store.reconcile", meaning: "A pass of the reconciler that found something to do." },
  repair: { name: "langgraph.store.repair", meaning: "A walk over all records and vectors, by `repair()` or to fill a new collection." },
  sweep: { name: "langgraph.store.sweep", meaning: "What has ended is taken away." },
  database: {
    name: "<db.operation.name> <db.collection.name>",
    meaning:
      "A call to the database of the records, or of the vectors (kind CLIENT), with its retries as events. One that serves a group of callers is linked to each of them.",
  },
  provider: {
    name: "embeddings",
    meaning: "A call to the embedding provider (kind CLIENT), with its retries as events; linked to all whose texts it holds.",
  },
} as const satisfies Record<string, Named>;

/** Attributes and labels. */
export const ATTRIBUTES = {
  dbSystem: { name: "db.system.name", meaning: "`cassandra` for all that speaks CQL (ScyllaDB has no name of its own there), `qdrant`, or `sqlite` for the local file." },
  dbOperation: { name: "db.operation.name", meaning: "What is asked of the database: `get`, `put`, `list`, `upsert`, `query`, …" },
  dbCollection: { name: "db.collection.name", meaning: "The table, or the collection as it is configured." },
  dbNamespace: { name: "db.namespace", meaning: "The keyspace." },
  dbBatchSize: { name: "db.operation.batch.size", meaning: "How many items a call is about, where it is more than one." },
  serverAddress: { name: "server.address", meaning: "Host as it is configured; of several contact points the first. Of a node: its own." },
  serverPort: { name: "server.port", meaning: "Port of that host." },
  errorType: { name: "error.type", meaning: "Code of the error, such as `TIMEOUT`; of an error that is not the store's, `OTHER`." },
  genAiOperation: { name: "gen_ai.operation.name", meaning: "Always `embeddings`." },
  genAiModel: { name: "gen_ai.request.model", meaning: "The model as the collection of vectors knows it: `index.model`, or what the provider calls it." },
  operation: { name: "langgraph.store.operation", meaning: "`put`, `delete`, `get`, `search` or `list-namespaces`." },
  outcome: { name: "langgraph.store.outcome", meaning: "`ok`, `degraded` (a search that was not ranked by similarity, although asked for) or `error`." },
  operationId: { name: "langgraph.store.operation.id", meaning: "Random; stands in the log lines of a slow operation too." },
  errorName: { name: "langgraph.store.error.name", meaning: "Class of the error, such as `VectorSyncError`." },
  retryable: { name: "langgraph.store.error.retryable", meaning: "Whether the same call may succeed later." },
  tenant: { name: "langgraph.store.tenant", meaning: "Only with `telemetry.tenantOf`: what it says, `other` beyond `telemetry.maxTenants`, `none` where it says nothing." },
  namespaceHash: { name: "langgraph.store.namespace.hash", meaning: "Hash of the namespace, or of the prefix of a search." },
  namespace: { name: "langgraph.store.namespace", meaning: "The namespace itself; only with `telemetry.includeNamespaces`." },
  keyHash: { name: "langgraph.store.key.hash", meaning: "Hash of the key." },
  key: { name: "langgraph.store.key", meaning: "The key itself; only with `telemetry.includeKeys`." },
  mode: { name: "langgraph.store.search.mode", meaning: "How a search was answered: `vector`, `keyword` or `filter`." },
  degraded: { name: "langgraph.store.search.degraded", meaning: "Whether similarity was asked for and could not be had." },
  reason: { name: "langgraph.store.search.reason", meaning: "Why: `embedding-failed`, `vectors-unavailable`, `ranking-too-slow` or `continues-degraded`." },
  results: { name: "langgraph.store.search.results", meaning: "Items found." },
  truncated: { name: "langgraph.store.search.truncated", meaning: "Whether the search stopped at a bound." },
  texts: { name: "langgraph.store.embedding.texts", meaning: "Texts to embed." },
  cacheHits: { name: "langgraph.store.embedding.cache_hits", meaning: "Those of them whose vectors were in the cache." },
  shared: { name: "langgraph.store.embedding.shared", meaning: "Those of them that another call was embedding already." },
  purpose: { name: "langgraph.store.embedding.purpose", meaning: "`document` or `query`." },
  source: { name: "langgraph.store.embedding.source", meaning: "Where the vector of a text came from: `cache`, `shared` (another call was embedding it already) or `provider`." },
  group: { name: "langgraph.store.group", meaning: "What callers share: `intents`, `embeddings`, `upserts` or `removals`." },
  groupSize: { name: "langgraph.store.group.size", meaning: "Inputs that one call serves together." },
  service: { name: "langgraph.store.service", meaning: "`records`, `vectors` or `embeddings`." },
  attempt: { name: "langgraph.store.retry.attempt", meaning: "Which attempt failed, from 1." },
  delay: { name: "langgraph.store.retry.delay_ms", meaning: "Pause before the next one, milliseconds." },
  event: { name: "langgraph.store.event.type", meaning: "Type of an event of the store, as `store.on()` knows it." },
  verdict: { name: "langgraph.store.verdict", meaning: "What became of an intent: `settled`, `watched` (right, but its record was not seen yet), `failed` (tried again), `dead`, or `stale` (vectors that a search had found not to be their record's)." },
  swept: { name: "langgraph.store.swept", meaning: "`points` or `records`." },
  refresh: { name: "langgraph.store.ttl.refresh", meaning: "Outcome of a refresh of a time to live: `written`, `failed`, or `dropped` (too many waited, or the store was stopped)." },
  path: { name: "langgraph.store.sync.path", meaning: "`write`: by the put itself. `reconcile`: later, by the reconciler." },
  timeEmbedding: { name: "langgraph.store.time.embedding_ms", meaning: "Time in which the operation waited for embeddings." },
  timeRecords: { name: "langgraph.store.time.records_ms", meaning: "Time in which it waited for the records and its intent." },
  timeVectors: { name: "langgraph.store.time.vectors_ms", meaning: "Time in which it waited for the vectors." },
  timeQueue: { name: "langgraph.store.time.queue_ms", meaning: "Time of these in which it waited for its turn: for a rate limit, or for the group before." },
} as const satisfies Record<string, Named>;

/** Events of spans. */
export const SPAN_EVENTS = {
  retry: { name: "langgraph.store.retry", meaning: "An attempt failed and is tried again." },
  fallback: { name: "langgraph.store.degraded", meaning: "Similarity cannot be had; the search goes on without it. Says the reason." },
  failed: { name: "langgraph.store.operation_failed", meaning: "An operation of a batch failed; the others went on." },
} as const satisfies Record<string, Named>;

/** A metric. */
export interface Metric extends Named {
  readonly instrument: "histogram" | "counter" | "gauge";
  readonly unit: string;
  readonly labels: readonly (keyof typeof ATTRIBUTES)[];
  /** What the labels can be, where their own line does not say all. */
  readonly values?: string;
  /** Upper bounds of the buckets, in the unit. */
  readonly buckets?: readonly number[];
}

/** Seconds, from a read of the local file to the longest deadline; 0.1 and 1 are what alerts look at. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Seconds until vectors are in step: by the write itself, or by the reconciler after an outage. */
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
    meaning: "Time of an operation. Each of a batch counts, with the time of the batch.",
  },
  operationsInFlight: {
    name: "langgraph.store.operations.in_flight",
    instrument: "gauge",
    unit: "{operation}",
    labels: [],
    meaning: "Operations under way.",
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
    meaning: "Operations that a rate limit refused.",
  },
  valueSize: {
    name: "langgraph.store.value.size",
    instrument: "histogram",
    unit: "By",
    labels: [],
    buckets: BYTES,
    meaning: "Size of the values that are put, encoded.",
  },
  databaseDuration: {
    name: "db.client.operation.duration",
    instrument: "histogram",
    unit: "s",
    labels: DATABASE,
    values: "one system, keyspace, host and port for each service",
    buckets: SECONDS,
    meaning: "Time of a call to CQL, Qdrant or the local file, with its retries and its wait at the bulkhead.",
  },
  embeddingDuration: {
    name: "langgraph.store.embedding.duration",
    instrument: "histogram",
    unit: "s",
    labels: ["purpose", "errorType"],
    buckets: SECONDS,
    meaning: "Time of a call to the embedding provider, with its retries.",
  },
  embeddingTexts: {
    name: "langgraph.store.embedding.texts",
    instrument: "counter",
    unit: "{text}",
    labels: ["purpose", "source"],
    meaning: "Texts that were to be embedded; the share of `cache` is the hit rate.",
  },
  embeddingCacheEntries: {
    name: "langgraph.store.embedding.cache.entries",
    instrument: "gauge",
    unit: "{text}",
    labels: [],
    meaning: "Texts in the cache.",
  },
  groupSize: {
    name: "langgraph.store.group.size",
    instrument: "histogram",
    unit: "{input}",
    labels: ["group"],
    buckets: SIZES,
    meaning: "Inputs that one call served together.",
  },
  vectorSyncDuration: {
    name: "langgraph.store.vector_sync.duration",
    instrument: "histogram",
    unit: "s",
    labels: ["path"],
    buckets: SYNC_SECONDS,
    meaning: "From when the record was written until its vectors can be found. `reconcile`: since the record's version was drawn.",
  },
  degradedSearches: {
    name: "langgraph.store.search.degraded",
    instrument: "counter",
    unit: "{search}",
    labels: ["reason"],
    meaning: "Searches that were not ranked by similarity, although asked for.",
  },
  staleHits: {
    name: "langgraph.store.search.stale_hits",
    instrument: "counter",
    unit: "{hit}",
    labels: [],
    meaning: "Vector hits that were left out, as their record is gone, has ended, or was written by another write. They are put right later.",
  },
  intentsPending: {
    name: "langgraph.store.intents.pending",
    instrument: "gauge",
    unit: "{intent}",
    labels: [],
    meaning: "Notes of writes, those of writes that ended moments ago included; of all processes. Counted up to 1,000 batches.",
  },
  intentsDead: {
    name: "langgraph.store.intents.dead",
    instrument: "gauge",
    unit: "{intent}",
    labels: [],
    meaning: "Notes that are kept although trying again does not help.",
  },
  intentsOverdue: {
    name: "langgraph.store.intents.overdue",
    instrument: "gauge",
    unit: "s",
    labels: [],
    meaning: "For how long the longest waiting note has been due; 0 when none is.",
  },
  intentsReconciled: {
    name: "langgraph.store.intents.reconciled",
    instrument: "counter",
    unit: "{intent}",
    labels: ["verdict"],
    meaning: "Intents that the reconciler looked at, by what became of them.",
  },
  breakerState: {
    name: "langgraph.store.breaker.state",
    instrument: "gauge",
    unit: "1",
    labels: ["service"],
    meaning: "0: closed, all is well. 1: half-open, a trial call is under way. 2: open, the service is left alone.",
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
    meaning: "Calls to a service under way.",
  },
  callsWaiting: {
    name: "langgraph.store.calls.waiting",
    instrument: "gauge",
    unit: "{call}",
    labels: ["service"],
    meaning: "Calls that wait for their turn at the bulkhead.",
  },
  hostUp: {
    name: "langgraph.store.cql.host.up",
    instrument: "gauge",
    unit: "1",
    labels: ["serverAddress", "serverPort"],
    values: "one for each node of the cluster",
    meaning: "1: the driver takes the node for up. 0: it cannot be reached.",
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
    meaning: "Requests to the node under way.",
  },
  cqlCapacity: {
    name: "langgraph.store.cql.capacity",
    instrument: "gauge",
    unit: "{request}",
    labels: ["serverAddress", "serverPort"],
    values: "one for each node of the cluster",
    meaning: "Requests that the open connections to the node can carry at once.",
  },
  vectorsComplete: {
    name: "langgraph.store.vectors.complete",
    instrument: "gauge",
    unit: "1",
    labels: [],
    meaning: "1: the vectors hold what the records say. 0: they were lost and are being filled in; searches are degraded.",
  },
  swept: {
    name: "langgraph.store.swept",
    instrument: "counter",
    unit: "{item}",
    labels: ["swept"],
    meaning: "What had ended and was taken away.",
  },
  ttlRefreshes: {
    name: "langgraph.store.ttl.refreshes",
    instrument: "counter",
    unit: "{item}",
    labels: ["refresh"],
    meaning: "Items whose time to live was to be refreshed because they were read. Refreshes are written in the background.",
  },
  events: {
    name: "langgraph.store.events",
    instrument: "counter",
    unit: "{event}",
    labels: ["event"],
    meaning: "Events of the store, such as `vector-sync-failed`, `intent-dead` or `secret-refresh-failed`.",
  },
} as const satisfies Record<string, Metric>;

/** A metric's name in this table. */
export type MetricName = keyof typeof METRICS;

/** How Prometheus shows a name, by OpenTelemetry's exporter for JavaScript. */
export function prometheusName({ name, instrument }: Pick<Metric, "name" | "instrument">): string {
  return name.replaceAll(/[^a-z0-9_]/gi, "_") + (instrument === "counter" ? "_total" : "");
}

/** How Prometheus shows a label. */
export function prometheusLabel(name: keyof typeof ATTRIBUTES): string {
  return ATTRIBUTES[name].name.replaceAll(/[^a-z0-9_]/gi, "_");
}
