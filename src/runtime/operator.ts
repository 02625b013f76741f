/** What operator tasks (export, import, erase, reindex) use of a runtime. */
import { JsonLinesArchive } from "../audit/index.ts";
import { identityOf } from "../core/model-identity.ts";
import { ConfigurationError, ValidationError } from "../model/errors.ts";
import type { OperatorDependencies } from "../operator/dependencies.ts";
import { Reindex } from "../sync/reindex.ts";
import type { Partitions } from "../ports/partitions.ts";
import { generationConfigs } from "./core.ts";
import { GENERATION_LEASE_MS } from "./generation-watch.ts";
import type { Runtime } from "./runtime.ts";

/** The data of a runtime, for a task of an operator. */
export function operatorDependencies({ config, databases, maintenance, pipeline, shared }: Runtime): OperatorDependencies {
  const { items, generations } = maintenance.data;
  const active = generationConfigs(config)[databases.generations.active];
  return {
    kind: databases.collection === null && databases.breakers.records === null ? "file" : "servers",
    run: pipeline,
    limits: config.limits,
    items,
    generations,
    outbox: databases.maintenancePorts.outbox,
    settings: databases.settings,
    partitions: databases.partitions,
    audit: {
      archives: [...(config.audit?.file === undefined ? [] : [new JsonLinesArchive(config.audit.file.path)]), ...(databases.auditArchive === null ? [] : [databases.auditArchive])],
      hasCallback: config.audit?.callback !== undefined,
      flush: async () => shared.trail?.resource.flush(),
    },
    vectorCacheMs: config.index === undefined || config.embedding.cacheBytes === 0 ? null : config.embedding.cacheMinutes * 60_000,
    model: active === undefined ? null : identityOf(active),
  };
}

/**
 * The partitions of a runtime's records.
 *
 * @throws {ValidationError} for a store on a local file.
 */
export function partitionsOf({ databases: { partitions } }: Runtime): Partitions {
  if (partitions !== null) return partitions;
  throw new ValidationError("A store on one local file has no partitions, so there is nothing to change: only namespaces of a store on servers (cql) have a number of partitions.");
}

/** Changes the generations of the index of a runtime. */
export function reindexOf({ config, databases, maintenance }: Runtime): Reindex {
  const { items, generations } = maintenance.data;
  if (generations === null) throw new ConfigurationError("The store has no index: there is nothing to reindex.");
  return new Reindex({
    descriptors: databases.generations.descriptors,
    storage: databases.generationStorage,
    leaseMs: GENERATION_LEASE_MS,
    refresh: () => databases.generations.refresh(),
    items,
    indexings: generations.configured,
    settings: databases.settings,
    logger: config.logger,
    reconcile: () => maintenance.reconciler.reconcile(),
  });
}
