/** Decorators of the databases and the embedding provider: a span, a duration and a count for each call. */
import { SpanKind, type Attributes } from "@opentelemetry/api";
import type { Deadline } from "../concurrency/deadline.ts";
import type { Embedder, EmbeddingProvider } from "../ports/embedder.ts";
import type { Service } from "../ports/events.ts";
import { decorate, type Around } from "../ports/decorate.ts";
import { ITEM_REPOSITORY_INPUTS, type ItemRepository } from "../ports/item-repository.ts";
import { OUTBOX_INPUTS, type IntentBatch, type Outbox } from "../ports/outbox.ts";
import { VECTOR_INDEX_INPUTS, type VectorIndex } from "../ports/vector-index.ts";
import { attributesOf } from "./instruments.ts";
import type { ServiceCounts } from "./ledger.ts";
import { ATTRIBUTES, SPANS } from "./names.ts";
import { currentOperation } from "./operation-time.ts";
import { runInSpan, type Telemetry } from "./telemetry.ts";
import { errorAttributes, markFailed } from "./tracing.ts";

/** The database of a call. */
export interface DatabaseTarget {
  readonly system: "cassandra" | "qdrant" | "sqlite";
  /** The keyspace; null for a database without one. */
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
  /** Returns the failure of an answer that consists of outcomes; null when the call succeeded. */
  readonly failureOf: (answer: unknown) => { readonly reason: unknown } | null;
}

const noFailure = (): null => null;

/** Returns the failure of the first input if all inputs of a call failed; null otherwise. */
function sharedFailure(answer: unknown): { readonly reason: unknown } | null {
  const outcomes = answer as readonly PromiseSettledResult<unknown>[];
  const [first] = outcomes;
  if (first?.status !== "rejected" || outcomes.some(({ status }) => status === "fulfilled")) return null;
  return { reason: first.reason };
}

function observe<T>(telemetry: Telemetry, call: Call, size: Attributes | null, task: Task<T>, deadline?: Deadline): Promise<T> {
  const { ledger, tracing, instruments } = telemetry;
  const { service, metric, attributes, failureOf } = call;
  const operation = currentOperation.getStore() ?? null;
  const open = tracing.beginChild(call.span, SpanKind.CLIENT, size === null ? attributes : { ...attributes, ...size });
  const startedAt = performance.now();
  const counts = ledger.services[service];
  if (operation === null && open === null && !instruments.areEnabled) return counted(counts, startedAt, failureOf, task, deadline);
  operation?.enter(service, startedAt);
  const end = (failure: { readonly reason: unknown } | null): void => {
    const now = performance.now();
    operation?.leave(service, now);
    counts.completed(failure !== null, now - startedAt, now);
    if (instruments.areEnabled) {
      const { [ATTRIBUTES.errorType.name]: type } = failure === null ? {} : errorAttributes(failure.reason);
      instruments.record(metric, (now - startedAt) / 1_000, type === undefined ? attributes : { ...attributes, [ATTRIBUTES.errorType.name]: type });
    }
    if (open === null) return;
    if (failure !== null) markFailed(open.span, failure.reason);
    open.span.end();
  };
  return (open === null ? task(deadline) : open.run(() => task(deadline))).then(
    (answer) => {
      end(failureOf(answer));
      return answer;
    },
    (reason: unknown) => {
      end({ reason });
      throw reason;
    },
  );
}

/** The path without SDK and operation, which every get takes: counts only. */
function counted<T>(counts: ServiceCounts, startedAt: number, failureOf: Call["failureOf"], task: Task<T>, deadline: Deadline | undefined): Promise<T> {
  return task(deadline).then(
    (answer) => {
      const now = performance.now();
      counts.completed(failureOf(answer) !== null, now - startedAt, now);
      return answer;
    },
    (reason: unknown) => {
      const now = performance.now();
      counts.completed(true, now - startedAt, now);
      throw reason;
    },
  );
}

/** A call with the deadline of its caller. */
type Task<T> = (deadline: Deadline | undefined) => Promise<T>;

/** Number of inputs of a call: the length of a list, otherwise 1. */
function countOf(input: unknown): number {
  return Array.isArray(input) ? input.length : 1;
}

/** Returns observers for the methods of one database. */
function callsTo(telemetry: Telemetry, service: Service, target: DatabaseTarget, collection: string) {
  const { system, namespace, address, port } = target;
  return (operation: string, failureOf: Call["failureOf"] = noFailure, sizeOf: (input: unknown) => number = countOf): Around => {
    const attributes = attributesOf({
      dbSystem: system,
      dbNamespace: namespace,
      dbCollection: collection,
      dbOperation: operation,
      serverAddress: address,
      serverPort: port,
    });
    const call: Call = { service, span: `${operation} ${collection}`, metric: "databaseDuration", attributes, failureOf };
    return (task, deadline, input) => {
      const size = sizeOf(input);
      return observe(telemetry, call, size > 1 ? { [ATTRIBUTES.dbBatchSize.name]: size } : null, task, deadline);
    };
  };
}

/** Observes the calls of an item repository. */
export function observeItems(items: ItemRepository, telemetry: Telemetry, target: DatabaseTarget): ItemRepository {
  const call = callsTo(telemetry, "records", target, "items");
  return decorate(items, ITEM_REPOSITORY_INPUTS, {
    get: call("get"),
    put: call("put", sharedFailure),
    list: call("list"),
    peek: call("peek"),
    markUnscored: call("mark_unscored"),
    namespacesAfter: call("namespaces"),
    scan: call("scan"),
    listed: call("listed"),
    clearUnscored: call("clear_unscored"),
    unregister: call("unregister"),
    sweep: call("sweep"),
  });
}

/** Observes the calls of an outbox. */
export function observeOutbox(outbox: Outbox, telemetry: Telemetry, target: DatabaseTarget): Outbox {
  const call = callsTo(telemetry, "records", target, "outbox");
  return decorate(outbox, OUTBOX_INPUTS, {
    add: call("add", noFailure, (batch) => (batch as IntentBatch).intents.length),
    due: call("due"),
    remove: call("remove"),
    backlog: call("backlog"),
  });
}

/** Observes the calls of a vector index. */
export function observeVectors(vectors: VectorIndex, telemetry: Telemetry, target: DatabaseTarget, collection: string): VectorIndex {
  const call = callsTo(telemetry, "vectors", target, collection);
  return decorate(vectors, VECTOR_INDEX_INPUTS, {
    upsert: call("upsert", sharedFailure),
    stored: call("stored"),
    vectorsOf: call("stored"),
    remove: call("remove", sharedFailure),
    query: call("query"),
    queryKeywords: call("query"),
    queryBoth: call("query", noFailure, () => 2),
    scan: call("scan"),
    expired: call("expired"),
    renew: call("renew"),
  });
}

/** Observes the calls of an embedding provider. */
export function observeProvider(provider: EmbeddingProvider, telemetry: Telemetry, model: string): EmbeddingProvider {
  const call = (purpose: "document" | "query", failureOf: Call["failureOf"]) => {
    const attributes = attributesOf({ purpose });
    const kind: Call = { service: "embeddings", span: SPANS.provider.name, metric: "embeddingDuration", attributes, failureOf };
    return <T>(texts: number, task: () => Promise<T>): Promise<T> => {
      return observe(telemetry, kind, attributesOf({ genAiOperation: "embeddings", genAiModel: model, texts }), task);
    };
  };
  const [document, query] = [call("document", sharedFailure), call("query", noFailure)];
  return {
    embedDocuments: (texts) => document(texts.length, () => provider.embedDocuments(texts)),
    embedQuery: (text) => query(1, () => provider.embedQuery(text)),
    failureSince: (since) => provider.failureSince?.(since) ?? null,
  };
}

/** Observes how long operations wait for an embedder. */
export function observeEmbedder(embedder: Embedder, telemetry: Telemetry): Embedder {
  const waitFor = <T>(purpose: "document" | "query", texts: number, task: () => Promise<T>): Promise<T> => {
    const operation = currentOperation.getStore() ?? null;
    const open = telemetry.tracing.beginChild(SPANS.embed.name, SpanKind.INTERNAL, {});
    if (operation === null && open === null) return task();
    operation?.enter("embeddings", performance.now());
    // The embedder determines the source of each text before it returns its promise.
    const before = { ...telemetry.ledger.texts };
    const running = runInSpan(open, () => {
      const embedding = task();
      const { cache, shared } = telemetry.ledger.texts;
      open?.span.setAttributes(attributesOf({ purpose, texts, cacheHits: cache - before.cache, shared: shared - before.shared }));
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
