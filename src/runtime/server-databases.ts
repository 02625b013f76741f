/** Records on ScyllaDB or Cassandra and vectors on Qdrant, with resilience and telemetry around them. */
import type { QdrantBackend } from "../backends/qdrant/index.ts";
import { changesOf } from "../config/change.ts";
import { ReadTexts } from "../config/read-texts.ts";
import { parseConfig, serverConfigSchema, type CommonConfig, type ServerConfig } from "../config/schema.ts";
import { groupVectorWrites } from "../core/grouped-vector-index.ts";
import type { KeywordLanguage } from "../model/keyword-language.ts";
import type { AuditArchive, AuditSink } from "../ports/audit.ts";
import type { Finding } from "../ports/diagnosis.ts";
import type { Partitions } from "../ports/partitions.ts";
import type { Settings } from "../ports/settings.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import type { GenerationStorage } from "../sync/reindex.ts";
import { guardItems, guardOutbox, type RecordBudgets } from "../resilience/guarded-records.ts";
import { guardVectorIndex, type VectorBudgets } from "../resilience/guarded-vector-index.ts";
import { refuseWhileLost } from "../resilience/lost-vectors.ts";
import { watchGroups } from "../telemetry/group-watch.ts";
import { observeItems, observeOutbox, observeVectors } from "../telemetry/observed-calls.ts";
import type { StoreContext } from "./context.ts";
import { cqlTarget, qdrantTarget, serversIdentity } from "./database-targets.ts";
import { checkKind, withModelName, type Databases, type DataPorts } from "./databases.ts";
import { ActiveCollection } from "./active-collection.ts";
import type { GenerationWatch } from "./generation-watch.ts";
import { Guards, type PreviousGuards } from "./guards.ts";
import { isConnectionOption, ServerConnections } from "./server-connections.ts";
import { SharedResource, type Reference } from "./shared-resource.ts";

/** The databases of a reload. */
interface Reloaded {
  readonly previous: ServerDatabases;
  readonly connections: Reference<ServerConnections>;
  readonly changed: readonly string[];
}

/** Time budgets of calls whose caller has no deadline. */
interface Budgets {
  readonly records: RecordBudgets;
  readonly vectors: VectorBudgets;
}

/** The databases of a store on servers. */
export class ServerDatabases implements Databases {
  readonly config: ServerConfig;
  readonly changed: readonly string[];
  readonly guards: Guards;
  readonly callPorts: DataPorts;
  readonly maintenancePorts: DataPorts;
  readonly directPorts: DataPorts;
  readonly breakers: Databases["breakers"];
  readonly collection: ActiveCollection<QdrantBackend> | null;
  readonly generations: GenerationWatch;
  readonly settings: Settings;
  readonly partitions: Partitions;
  readonly identity: string;
  readonly auditTable: AuditSink | null;
  readonly auditArchive: AuditArchive;
  readonly nodes: Databases["nodes"];
  readonly #context: StoreContext;
  readonly #connections: Reference<ServerConnections>;
  /** Secrets that the codec has read. */
  readonly #codecTexts = new ReadTexts();

  /** @param reloaded - null for the first databases of a store */
  constructor(config: ServerConfig, context: StoreContext, reloaded: Reloaded | null = null) {
    this.config = config;
    this.#context = context;
    this.changed = reloaded?.changed ?? [];
    this.#connections = reloaded?.connections ?? new SharedResource(new ServerConnections(config, context, null)).reference();
    const { records, vectors, generations } = this.#connections.resource;
    this.generations = generations;
    this.collection = vectors.length === 0 ? null : new ActiveCollection(vectors, generations);
    this.settings = records.settings;
    this.partitions = records.partitions;
    this.guards = new Guards(config, context, previousGuards(reloaded, records.settings));
    this.callPorts = this.#ports(callBudgets(config.limits));
    this.maintenancePorts = this.#ports(maintenanceBudgets(config.limits));
    this.directPorts = { items: records.items, outbox: records.outbox, vectors };
    this.breakers = { records: () => this.guards.of("records").breaker, vectors: () => this.guards.of("vectors").breaker };
    this.nodes = () => records.nodes();
    this.identity = serversIdentity(config.cql);
    const { audit } = config;
    this.auditTable = audit?.table === undefined ? null : records.auditTable(audit.table.retentionDays);
    this.auditArchive = records.auditArchive();
  }

  readonly readSecret: Databases["readSecret"] = (text, option) =>
    this.#codecTexts.read(option, () => this.#connections.resource.secrets.resolve(text, option));

  async createNext(given: unknown): Promise<ServerDatabases | null> {
    checkKind(given, "cql");
    const config = parseConfig(serverConfigSchema, given);
    const options = changesOf(serverConfigSchema, withModelName(this.config), withModelName(config));
    const { resource: current } = this.#connections;
    await current.secrets.reread();
    const changed = [...options, ...(await current.withNewContent(options)), ...(await this.#codecTexts.withNewContent(options))];
    if (changed.length === 0) return null;
    const connections = changed.some((name) => isConnectionOption(name, config))
      ? new SharedResource(new ServerConnections(config, this.#context, { connections: current, changed })).reference()
      : this.#connections.share();
    return new ServerDatabases(config, this.#context, { previous: this, connections, changed });
  }

  keywordLanguage(position: number): KeywordLanguage | null {
    return this.#connections.resource.vectors[position]?.keywordLanguage ?? null;
  }

  get generationStorage(): GenerationStorage {
    const { vectors } = this.#connections.resource;
    return {
      create: async (position, number) => vectors[position]?.startGeneration(number, { setup: "auto", mayBeUnavailable: false, takesAlias: false }),
      activated: async (position) => vectors[position]?.takeAlias(),
      drop: async (generation) => (await vectors[0]?.drop(generation, generation.number)) ?? [],
    };
  }

  start(): Promise<void> {
    return this.#connections.start();
  }

  stop(): Promise<void> {
    return this.#connections.stop();
  }

  async diagnose(): Promise<Finding[]> {
    const { records } = this.#connections.resource;
    return [...(await records.diagnose()), ...((await this.collection?.current.diagnose()) ?? [])];
  }

  /** From the core to the driver: telemetry, then the guard. */
  #ports(budgets: Budgets): DataPorts {
    const { items, outbox } = this.#connections.resource.records;
    const { telemetry } = this.#context;
    const guard = this.guards.of("records");
    const target = cqlTarget(this.config.cql);
    return {
      items: observeItems(guardItems(items, guard, budgets.records), telemetry, target),
      outbox: observeOutbox(guardOutbox(outbox, guard, budgets.records), telemetry, target),
      vectors: this.#connections.resource.vectors.map((vectors) => this.#vectors(vectors, budgets.vectors)),
    };
  }

  /** From the core to Qdrant: groups of writes, refusal while the collection is lost, telemetry, resilience. */
  #vectors(collection: QdrantBackend, budgets: VectorBudgets): VectorIndex {
    const { telemetry } = this.#context;
    const guarded = guardVectorIndex(collection, this.guards.of("vectors"), budgets);
    const observed = observeVectors(guarded, telemetry, ...qdrantTarget(this.config));
    const { generations } = this.#connections.resource;
    const state = {
      get isComplete() {
        return collection.isComplete;
      },
      get isRemoved() {
        return generations.isRetired;
      },
      get isUnavailable() {
        return collection.isUnavailable;
      },
    };
    return groupVectorWrites(refuseWhileLost(observed, state), {
      upserts: watchGroups(telemetry, "upserts"),
      removals: watchGroups(telemetry, "removals"),
    });
  }
}

function previousGuards(reloaded: Reloaded | null, settings: Settings): PreviousGuards | null {
  if (reloaded === null) return null;
  const { previous } = reloaded;
  return { guards: previous.guards, config: previous.config, isSameConnection: previous.settings === settings };
}

function callBudgets(limits: CommonConfig["limits"]): Budgets {
  const maintenanceMs = limits.maintenanceDeadlineMs;
  return {
    records: { readMs: limits.deadlineMs, writeMs: limits.writeDeadlineMs, maintenanceMs },
    vectors: { queryMs: limits.vectorQueryDeadlineMs, writeMs: limits.vectorWriteDeadlineMs, maintenanceMs },
  };
}

function maintenanceBudgets({ maintenanceDeadlineMs: ms }: CommonConfig["limits"]): Budgets {
  return {
    records: { readMs: ms, writeMs: ms, maintenanceMs: ms },
    vectors: { queryMs: ms, writeMs: ms, maintenanceMs: ms },
  };
}
