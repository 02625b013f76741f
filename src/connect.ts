/** Composition root: from a configuration to a memory on its backends. The only file that knows which backends exist. */
import { CqlBackend } from "./backends/cql/index.ts";
import { LibsqlBackend } from "./backends/libsql/index.ts";
import { QdrantBackend } from "./backends/qdrant/index.ts";
import { compose, guardFor, type Composition } from "./compose.ts";
import type { EmbeddedConfig, ServerConfig } from "./config/schema.ts";
import { groupVectorWrites } from "./core/grouped-vector-index.ts";
import { checkIdentity, identityOf, type ModelIdentity } from "./core/model-identity.ts";
import { guardItems, guardOutbox } from "./resilience/guarded-records.ts";
import { guardVectorIndex } from "./resilience/guarded-vector-index.ts";
import { StoreEvents } from "./telemetry/store-events.ts";

/** A memory on ScyllaDB or Cassandra and, when there is an index, Qdrant. */
export function composeServers(config: ServerConfig): Composition {
  const { cql, index, setup, logger, limits } = config;
  const events = new StoreEvents(logger);
  const records = new CqlBackend(cql, { setup, logger });
  const identity = index === undefined ? null : identityOf(index);
  const collection = identity === null ? null : qdrantBackend(config, identity, records);
  const recordsGuard = guardFor("records", "The CQL database", config, events);
  const vectorsGuard = guardFor("vectors", "Qdrant", config, events);
  // Ranking has half of the time of a search, and a put has to say in time that its vectors are pending.
  const vectorsBudgetMs = Math.ceil(limits.deadlineMs / 2);
  return compose(config, events, {
    items: guardItems(records.items, recordsGuard, limits.deadlineMs),
    outbox: guardOutbox(records.outbox, recordsGuard, limits.deadlineMs),
    vectors: collection === null ? null : groupVectorWrites(guardVectorIndex(collection, vectorsGuard, vectorsBudgetMs)),
    bare: { items: records.items, outbox: records.outbox, vectors: collection },
    breakers: { records: () => recordsGuard.breaker, vectors: () => vectorsGuard.breaker },
    collection,
    settings: records.settings,
    async start() {
      await records.start();
      // Before the collection is made: a wrong model must not leave one behind.
      await checkIdentity(records.settings, identity);
      await collection?.start();
    },
    async stop() {
      await Promise.all([records.stop(), collection?.stop()]);
    },
  });
}

function qdrantBackend(
  { cql, qdrant, setup, logger }: ServerConfig,
  identity: ModelIdentity,
  { settings }: CqlBackend,
): QdrantBackend | null {
  if (qdrant === undefined) return null;
  const options = { ...qdrant, collection: qdrant.collection ?? cql.keyspace, layout: qdrant };
  return new QdrantBackend({ options, identity, setup, settings, logger });
}

/** A memory on one local file. */
export function composeEmbedded(config: EmbeddedConfig): Composition {
  const { index, path, logger } = config;
  const file = new LibsqlBackend({ path, dims: index?.dims ?? null, logger });
  const { items, outbox, vectors, settings } = file;
  return compose(config, new StoreEvents(logger), {
    items,
    outbox,
    vectors,
    bare: { items, outbox, vectors },
    // A local file is there or not: no breaker stands before it.
    breakers: { records: null, vectors: null },
    collection: null,
    settings,
    async start() {
      await file.start();
      await checkIdentity(settings, index === undefined ? null : identityOf(index));
    },
    stop: () => file.stop(),
  });
}
