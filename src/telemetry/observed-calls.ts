/** Databases and the embedding provider, with a span, a time and a count for each call. */
import { SpanKind, type Attributes } from "@opentelemetry/api";
import type { Embedder, EmbeddingProvider } from "../ports/embedder.ts";
import type { Service } from "../ports/events.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Outbox } from "../ports/outbox.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import { attributesOf } from "./instruments.ts";
import type { ServiceCounts } from "./ledger.ts";
import { ATTRIBUTES, SPANS } from "./names.ts";
import { currentOperation } from "./operation-time.ts";
import { runStep, type Telemetry } from "./telemetry.ts";
import { errorAttributes, markFailed } from "./tracing.ts";

/** A database that is called. */
export interface DatabaseTarget {
  readonly system: "cassandra" | "qdrant" | "sqlite";
  /** The keyspace; null where there is none. */
  readonly namespace: string | null;
  /** Null for a local file. */
  readonly address: string | null;
  readonly port: number | null;
}

/** A kind of call. */
interface Call {
  readonly service: Service;
  readonly span: string;
  readonly metric: "databaseDuration" | "embeddingDuration";
  readonly attributes: Attributes;
  /** Where the outcomes of its inputs are its answer, the failure that all of them share counts as its own. */
  readonly fault: (answer: unknown) => { readonly reason: unknown } | null;
}

const noFault = (): null => null;

/** What a call whose inputs fail one by one failed of: only where each of them has. */
function sharedFault(answer: unknown): { readonly reason: unknown } | null {
  const outcomes = answer as readonly PromiseSettledResult<unknown>[];
  const [first] = outcomes;
  if (first?.status !== "rejected" || outcomes.some(({ status }) => status === "fulfilled")) return null;
  return { reason: first.reason };
}

function observe<T>(telemetry: Telemetry, call: Call, size: Attributes | null, task: () => Promise<T>): Promise<T> {
  const { ledger, tracing, instruments } = telemetry;
  const { service, metric, attributes, fault } = call;
  const operation = currentOperation.getStore() ?? null;
  const step = tracing.within(call.span, SpanKind.CLIENT, size === null ? attributes : { ...attributes, ...size });
  const startedAt = performance.now();
  const counts = ledger.services[service];
  if (operation === null && step === null && !instruments.areRead) return counted(counts, startedAt, fault, task);
  operation?.enter(service, startedAt);
  const end = (failure: { readonly reason: unknown } | null): void => {
    const now = performance.now();
    operation?.leave(service, now);
    counts.completed(failure !== null, now - startedAt, now);
    if (instruments.areRead) {
      const { [ATTRIBUTES.errorType.name]: type } = failure === null ? {} : errorAttributes(failure.reason);
      instruments.record(metric, (now - startedAt) / 1_000, type === undefined ? attributes : { ...attributes, [ATTRIBUTES.errorType.name]: type });
    }
    if (step === null) return;
    if (failure !== null) markFailed(step.span, failure.reason);
    step.span.end();
  };
  return (step === null ? task() : step.run(task)).then(
    (answer) => {
      end(fault(answer));
      return answer;
    },
    (reason: unknown) => {
      end({ reason });
      throw reason;
    },
  );
}

/** What is left to do where nobody is told: it is done for every get. */
function counted<T>(counts: ServiceCounts, startedAt: number, fault: Call["fault"], task: () => Promise<T>): Promise<T> {
  return task().then(
    (answer) => {
      const now = performance.now();
      counts.completed(fault(answer) !== null, now - startedAt, now);
      return answer;
    },
    (reason: unknown) => {
      const now = performance.now();
      counts.completed(true, now - startedAt, now);
      throw reason;
    },
  );
}

type Observed = <T>(size: number, task: () => Promise<T>) => Promise<T>;

/** Makes the observing of calls to one database. */
function callsTo(telemetry: Telemetry, service: Service, target: DatabaseTarget, collection: string) {
  const { system, namespace, address, port } = target;
  return (operation: string, fault: Call["fault"] = noFault): Observed => {
    const attributes = attributesOf({
      dbSystem: system,
      dbNamespace: namespace,
      dbCollection: collection,
      dbOperation: operation,
      serverAddress: address,
      serverPort: port,
    });
    const call: Call = { service, span: `${operation} ${collection}`, metric: "databaseDuration", attributes, fault };
    return (size, task) => observe(telemetry, call, size > 1 ? { [ATTRIBUTES.dbBatchSize.name]: size } : null, task);
  };
}

/** Records whose calls are observed. */
export function observeItems(items: ItemRepository, telemetry: Telemetry, target: DatabaseTarget): ItemRepository {
  const call = callsTo(telemetry, "records", target, "items");
  const [get, put, list, peek] = [call("get"), call("put", sharedFault), call("list"), call("peek")];
  const [mark, namespaces, scan, listed] = [call("mark_unscored"), call("namespaces"), call("scan"), call("listed")];
  const [clear, unregister, sweep] = [call("clear_unscored"), call("unregister"), call("sweep")];
  return {
    get: (ids, deadline) => get(ids.length, () => items.get(ids, deadline)),
    put: (records, deadline) => put(records.length, () => items.put(records, deadline)),
    list: (query, deadline) => list(1, () => items.list(query, deadline)),
    peek: (paths, deadline) => peek(paths.length, () => items.peek(paths, deadline)),
    markUnscored: (paths, deadline) => mark(paths.length, () => items.markUnscored(paths, deadline)),
    namespacesAfter: (query, deadline) => namespaces(1, () => items.namespacesAfter(query, deadline)),
    scan: (after, limit, deadline) => scan(1, () => items.scan(after, limit, deadline)),
    listed: (records, deadline) => listed(records.length, () => items.listed(records, deadline)),
    clearUnscored: (paths, asOf, deadline) => clear(paths.length, () => items.clearUnscored(paths, asOf, deadline)),
    unregister: (paths, asOf, deadline) => unregister(paths.length, () => items.unregister(paths, asOf, deadline)),
    sweep: (limit, deadline) => sweep(1, () => items.sweep(limit, deadline)),
  };
}

/** An outbox whose calls are observed. */
export function observeOutbox(outbox: Outbox, telemetry: Telemetry, target: DatabaseTarget): Outbox {
  const call = callsTo(telemetry, "records", target, "outbox");
  const [add, due, remove, backlog] = [call("add"), call("due"), call("remove"), call("backlog")];
  return {
    add: (batch, deadline) => add(batch.intents.length, () => outbox.add(batch, deadline)),
    due: (now, limit, deadline) => due(1, () => outbox.due(now, limit, deadline)),
    remove: (batches, deadline) => remove(batches.length, () => outbox.remove(batches, deadline)),
    backlog: (bound, deadline) => backlog(1, () => outbox.backlog(bound, deadline)),
  };
}

/** A vector index whose calls are observed. */
export function observeVectors(vectors: VectorIndex, telemetry: Telemetry, target: DatabaseTarget, collection: string): VectorIndex {
  const call = callsTo(telemetry, "vectors", target, collection);
  const [upsert, stored, remove, query] = [call("upsert", sharedFault), call("stored"), call("remove", sharedFault), call("query")];
  const [scan, expired, renew] = [call("scan"), call("expired"), call("renew")];
  return {
    upsert: (points, options, deadline) => upsert(points.length, () => vectors.upsert(points, options, deadline)),
    stored: (ids, deadline) => stored(ids.length, () => vectors.stored(ids, deadline)),
    remove: (removals, deadline) => remove(removals.length, () => vectors.remove(removals, deadline)),
    query: (question, deadline) => query(1, () => vectors.query(question, deadline)),
    scan: (after, limit, deadline) => scan(1, () => vectors.scan(after, limit, deadline)),
    expired: (now, after, limit, deadline) => expired(1, () => vectors.expired(now, after, limit, deadline)),
    renew: (renewals, deadline) => renew(renewals.length, () => vectors.renew(renewals, deadline)),
  };
}

/** An embedding provider whose calls are observed. */
export function observeProvider(provider: EmbeddingProvider, telemetry: Telemetry, model: string): EmbeddingProvider {
  const call = (purpose: "document" | "query", fault: Call["fault"]): Observed => {
    const attributes = attributesOf({ purpose });
    const kind: Call = { service: "embeddings", span: SPANS.provider.name, metric: "embeddingDuration", attributes, fault };
    return (texts, task) => {
      return observe(telemetry, kind, attributesOf({ genAiOperation: "embeddings", genAiModel: model, texts }), task);
    };
  };
  const [document, query] = [call("document", sharedFault), call("query", noFault)];
  return {
    embedDocuments: (texts) => document(texts.length, () => provider.embedDocuments(texts)),
    embedQuery: (text) => query(1, () => provider.embedQuery(text)),
  };
}

/** An embedder of which an operation's wait for it is observed. */
export function observeEmbedder(embedder: Embedder, telemetry: Telemetry): Embedder {
  const waitFor = <T>(purpose: "document" | "query", texts: number, task: () => Promise<T>): Promise<T> => {
    const operation = currentOperation.getStore() ?? null;
    const step = telemetry.tracing.within(SPANS.embed.name, SpanKind.INTERNAL, {});
    if (operation === null && step === null) return task();
    operation?.enter("embeddings", performance.now());
    // Where each text comes from is settled before the call comes back.
    const before = { ...telemetry.ledger.texts };
    const running = runStep(step, () => {
      const embedding = task();
      const { cache, shared } = telemetry.ledger.texts;
      step?.span.setAttributes(attributesOf({ purpose, texts, cacheHits: cache - before.cache, shared: shared - before.shared }));
      return embedding;
    });
    return running.finally(() => operation?.leave("embeddings", performance.now()));
  };
  return {
    documents: (texts, deadline) => waitFor("document", texts.length, () => embedder.documents(texts, deadline)),
    forgetRejections: (texts) => embedder.forgetRejections(texts),
    query: (text, deadline) => waitFor("query", 1, () => embedder.query(text, deadline)),
  };
}
