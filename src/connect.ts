/** Composition root: from a configuration to a memory on its backends. The only file that knows which backends exist. */
import { CqlBackend } from "./backends/cql/index.ts";
import { LibsqlBackend } from "./backends/libsql/index.ts";
import { QdrantBackend } from "./backends/qdrant/index.ts";
import type { CommonConfig, EmbeddedConfig, ServerConfig } from "./config/schema.ts";
import { SharedEmbedder } from "./core/embedding.ts";
import { groupVectorWrites } from "./core/grouped-vector-index.ts";
import { IndexRules } from "./core/index-rules.ts";
import { IntentLog } from "./core/intent-log.ts";
import { Memory } from "./core/memory.ts";
import type { Indexing } from "./core/indexing.ts";
import { SchemaError } from "./model/errors.ts";
import type { Backend, Resource } from "./ports/backend.ts";
import type { Logger } from "./ports/logger.ts";
import type { Settings } from "./ports/settings.ts";
import type { VectorIndex } from "./ports/vector-index.ts";
import { Guard } from "./resilience/guard.ts";
import { guardEmbeddings } from "./resilience/guarded-embedder.ts";
import { guardVectorIndex } from "./resilience/guarded-vector-index.ts";
import { Reconciler } from "./sync/reconciler.ts";
import { repairAll, type RepairReport } from "./sync/repair.ts";

/** A memory that is put together, but not connected yet. */
export interface Composition extends Resource {
  readonly memory: Memory;
  readonly reconciler: Reconciler;
  readonly repair: () => Promise<RepairReport>;
  readonly config: CommonConfig;
}

/** A memory on ScyllaDB or Cassandra and, when there is an index, Qdrant. */
export function composeServers(config: ServerConfig): Composition {
  const { cql, qdrant, index, setup, logger } = config;
  const records = new CqlBackend(cql, { setup, logger });
  const identity = identityOf(config);
  const vectors =
    index === undefined || qdrant === undefined || identity === null
      ? null
      : new QdrantBackend({
          options: { ...qdrant, collection: qdrant.collection ?? cql.keyspace, layout: qdrant },
          identity,
          setup,
          settings: records.settings,
          logger,
        });
  return compose(config, {
    collection: vectors,
    items: records.items,
    outbox: records.outbox,
    vectors: vectors === null ? null : groupVectorWrites(guarded(vectors, config)),
    async start() {
      await records.start();
      // Before the collection is made: a wrong model must not leave one behind.
      await checkIdentity(records.settings, identity);
      await vectors?.start();
    },
    async stop() {
      await Promise.all([records.stop(), vectors?.stop()]);
    },
  });
}

/** A memory on one local file. */
export function composeEmbedded(config: EmbeddedConfig): Composition {
  const file = new LibsqlBackend({ path: config.path, dims: config.index?.dims ?? null, logger: config.logger });
  return compose(config, {
    collection: null,
    items: file.items,
    outbox: file.outbox,
    vectors: file.vectors,
    async start() {
      await file.start();
      await checkIdentity(file.settings, identityOf(config));
    },
    stop: () => file.stop(),
  });
}

/** What a memory is put together from, whichever databases it is on. */
type Parts = Resource &
  Pick<Backend, "items" | "outbox" | "vectors"> & {
    /** Vectors that live apart from the records and may be lost without them. */
    readonly collection: Pick<QdrantBackend, "isComplete" | "complete"> | null;
  };

function compose(config: CommonConfig, parts: Parts): Composition {
  const { items, outbox, vectors } = parts;
  const { limits, ttl, logger, vectorSync, embeddingFailure, reconcile } = config;
  const intents = new IntentLog(outbox, reconcile);
  const ground = { items, indexing: indexing(config, vectors) };
  const reconciler = new Reconciler({ ground, outbox, log: intents, logger, tickMs: reconcile.tickMs });
  const repair = async (): Promise<RepairReport> => {
    const report = await repairAll(ground, logger);
    if (report.failed === 0) await parts.collection?.complete();
    return report;
  };
  return {
    config,
    reconciler,
    repair,
    memory: new Memory({ ...ground, intents, policy: { vectorSync, embeddingFailure }, limits, ttl, logger }),
    async start() {
      await parts.start();
      reconciler.start();
      if (parts.collection?.isComplete === false) void fillAgain(repair, logger);
    },
    async stop() {
      await reconciler.stop();
      await parts.stop();
    },
  };
}

/** Fills a collection that took the place of a lost one, while searches go on without it. */
async function fillAgain(repair: () => Promise<RepairReport>, logger: Logger): Promise<void> {
  try {
    logger.info({ ...(await repair()) }, "the vectors were filled in again from the records");
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    logger.error({ cause }, "the vectors could not be filled in again: call repair(), or start again");
  }
}

function guarded(vectors: VectorIndex, { retry, breaker, logger }: CommonConfig): VectorIndex {
  return guardVectorIndex(vectors, new Guard("Qdrant", retry, breaker, logger));
}

function indexing(config: CommonConfig, vectors: VectorIndex | null): Indexing | null {
  const { index, embedding, retry, breaker, logger } = config;
  if (index === undefined || vectors === null) return null;
  const provider = guardEmbeddings(index.embeddings, new Guard("The embedding provider", retry, breaker, logger));
  const embedder = new SharedEmbedder(provider, index.dims, embedding);
  return { rules: new IndexRules(index.fields, index.rules), embedder, vectors };
}

/** What the vectors are made by: those of another model or length cannot be compared with them. */
interface ModelIdentity {
  readonly model: string;
  readonly dims: number;
}

function identityOf({ index }: CommonConfig): ModelIdentity | null {
  if (index === undefined) return null;
  const { embeddings, dims, model } = index;
  return { model: model ?? modelName(embeddings), dims };
}

function modelName(embeddings: object): string {
  for (const field of ["model", "modelName", "modelId"] as const) {
    const name: unknown = field in embeddings ? (embeddings as Record<string, unknown>)[field] : undefined;
    if (typeof name === "string" && name !== "") return name;
  }
  return embeddings.constructor.name;
}

async function checkIdentity(settings: Settings, identity: ModelIdentity | null): Promise<void> {
  if (identity === null) return;
  const own = JSON.stringify({ model: identity.model, dims: identity.dims });
  const stored = (await settings.read("index")) ?? (await settings.establish("index", own));
  if (stored === own) return;
  throw new SchemaError(
    `The stored vectors were made by ${stored}, but the configuration says ${own}: vectors of two models cannot be ` +
      "compared. Configure the stored one, or store under another keyspace (or file). If only the model's name " +
      "changed, set index.model to the stored name.",
    { details: { stored, configured: own } },
  );
}
