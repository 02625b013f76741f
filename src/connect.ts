/** Composition root: from a configuration to a memory on its backends. The only file that knows which backends exist. */
import { CqlBackend } from "./backends/cql/index.ts";
import { LibsqlBackend } from "./backends/libsql/index.ts";
import { QdrantBackend } from "./backends/qdrant/index.ts";
import type { CommonConfig, EmbeddedConfig, ServerConfig } from "./config/schema.ts";
import { SharedEmbedder } from "./core/embedding.ts";
import { groupVectorWrites } from "./core/grouped-vector-index.ts";
import { IndexRules } from "./core/index-rules.ts";
import { Memory } from "./core/memory.ts";
import type { Indexing } from "./core/write-path.ts";
import { SchemaError } from "./model/errors.ts";
import type { Resource } from "./ports/backend.ts";
import type { Settings } from "./ports/settings.ts";
import type { VectorIndex } from "./ports/vector-index.ts";
import { Guard } from "./resilience/guard.ts";
import { guardEmbeddings } from "./resilience/guarded-embedder.ts";
import { guardVectorIndex } from "./resilience/guarded-vector-index.ts";

/** A memory that is put together, but not connected yet. */
export interface Composition extends Resource {
  readonly memory: Memory;
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
      : new QdrantBackend({ ...qdrant, collection: qdrant.collection ?? cql.keyspace, layout: qdrant }, identity, setup, logger);
  return {
    config,
    memory: new Memory({
      items: records.items,
      indexing: indexing(config, vectors === null ? null : groupVectorWrites(guarded(vectors, config))),
      limits: config.limits,
      ttl: config.ttl,
      logger,
    }),
    async start() {
      await records.start();
      // Before the collection is made: a wrong model must not leave one behind.
      await checkIdentity(records.settings, identity);
      await vectors?.start();
    },
    async stop() {
      await Promise.all([records.stop(), vectors?.stop()]);
    },
  };
}

/** A memory on one local file. */
export function composeEmbedded(config: EmbeddedConfig): Composition {
  const file = new LibsqlBackend({ path: config.path, dims: config.index?.dims ?? null, logger: config.logger });
  return {
    config,
    memory: new Memory({
      items: file.items,
      indexing: indexing(config, file.vectors),
      limits: config.limits,
      ttl: config.ttl,
      logger: config.logger,
    }),
    async start() {
      await file.start();
      await checkIdentity(file.settings, identityOf(config));
    },
    stop: () => file.stop(),
  };
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
