/** Composition root: from a configuration to a memory on its backends. The only file that knows which backends exist. */
import { createHash, randomUUID } from "node:crypto";
import { basename } from "node:path";
import { CqlBackend, type CqlOptions } from "../backends/cql/index.ts";
import { LibsqlBackend } from "../backends/libsql/index.ts";
import { QdrantBackend } from "../backends/qdrant/index.ts";
import { compose, lastingFor, type Composition, type Estate, type Lasting, type Parts, type Stores } from "./compose.ts";
import { changesOf } from "../config/change.ts";
import { isPlainObject } from "../config/layers.ts";
import type { TlsOptions } from "../config/options/tls.ts";
import { embeddedConfigSchema, parseConfig, serverConfigSchema, type CommonConfig, type EmbeddedConfig, type ServerConfig } from "../config/schema.ts";
import { ReadTexts } from "../config/read-texts.ts";
import { Secrets } from "../config/secrets/secrets.ts";
import { tlsOf } from "../config/tls-files.ts";
import { groupVectorWrites } from "../core/grouped-vector-index.ts";
import { checkIdentity, identityOf, type ModelIdentity } from "../core/model-identity.ts";
import { Guards } from "./guards.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { Resource } from "../ports/backend.ts";
import type { Tls } from "../ports/tls.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import { guardItems, guardOutbox, type RecordBudgets } from "../resilience/guarded-records.ts";
import { guardVectorIndex, type VectorBudgets } from "../resilience/guarded-vector-index.ts";
import { refuseWhileLost } from "../resilience/lost-vectors.ts";
import { SharedResource, type Hold } from "./shared-resource.ts";
import { watchGroups } from "../telemetry/group-watch.ts";
import { observeItems, observeOutbox, observeVectors, type DatabaseTarget } from "../telemetry/observed-calls.ts";
import { endpointOf } from "../telemetry/state.ts";

/** Name of the setting that tells stores apart. */
const STORE_ID = "store-id";

/** A memory on ScyllaDB or Cassandra and, when there is an index, Qdrant. */
export function composeServers(config: ServerConfig): Composition {
  const lasting = lastingFor(config);
  const connections = new SharedResource(new ServerConnections(config, lasting, null));
  return serversComposition(config, lasting, connections.hold(), null);
}

/** A memory on one local file. */
export function composeEmbedded(config: EmbeddedConfig): Composition {
  const lasting = lastingFor(config);
  const file = new LibsqlBackend({ path: config.path, dims: config.index?.dims ?? null, logger: lasting.log, maxWaiting: config.bulkhead.maxQueued });
  return embeddedComposition(config, lasting, new SharedResource(file).hold(), null);
}

/** Connections whose place others take, and the names of the options that differ. */
interface Replaced {
  readonly connections: ServerConnections;
  readonly changed: readonly string[];
}

/** What a store on servers is connected to. */
class ServerConnections implements Resource {
  readonly secrets: Secrets;
  readonly records: CqlBackend;
  readonly vectors: QdrantBackend | null;
  readonly #identity: ModelIdentity | null;
  /** Certificates and keys. */
  readonly #texts = new ReadTexts();
  /** Whether they lead to the same Qdrant in the same way as their predecessor. */
  readonly #isSameQdrant: boolean;
  /** Until they are started: those whose place they take, which have to lead to the same store. */
  #predecessor: ServerConnections | null;
  #storeId: string | null = null;
  #isStarted = false;

  /** @param replaced - those whose place they take, and the options that differ */
  constructor(config: ServerConfig, { events, log: logger }: Lasting, replaced: Replaced | null) {
    const { cql, qdrant, index, codec } = config;
    const predecessor = replaced !== null && replaced.connections.#isStarted ? replaced.connections : null;
    const secrets = new Secrets(config.secrets, events);
    // In the place of others nothing is made: a wrong address must not leave an empty keyspace behind.
    const setup = predecessor === null ? config.setup : "never";
    const credentials = credentialsOf(cql, secrets);
    const options = { ...cql, credentials, tls: encryption(cql.tls, "cql.tls", secrets, this.#texts) };
    this.records = new CqlBackend(options, { setup, logger, checksVersions: codec !== undefined });
    this.#identity = index === undefined ? null : identityOf(index);
    this.vectors =
      this.#identity === null || qdrant === undefined
        ? null
        : new QdrantBackend({
            options: qdrantOptions(config, qdrant, secrets, this.#texts),
            identity: this.#identity,
            setup: config.setup,
            settings: this.records.settings,
            logger,
          });
    this.secrets = secrets;
    this.#isSameQdrant = replaced?.changed.every((name) => !/^qdrant(?:\.|$)/.test(name)) ?? false;
    this.#predecessor = predecessor;
  }

  async start(): Promise<void> {
    await this.secrets.start();
    await this.records.start();
    const { settings } = this.records;
    this.#storeId = await settings.read(STORE_ID);
    if (this.#predecessor !== null) await this.#refuseAnotherStore(this.#predecessor);
    // Before the collection is made: a wrong model must not leave one behind.
    await checkIdentity(settings, this.#identity);
    // What is away all the same does not hinder a change of something else.
    await this.vectors?.start(this.#predecessor === null ? {} : { setup: "never", mayBeAway: this.#isSameQdrant });
    this.#predecessor = null;
    this.#isStarted = true;
  }

  async stop(): Promise<void> {
    this.#predecessor = null;
    await Promise.all([this.records.stop(), this.vectors?.stop()]);
    await this.secrets.stop();
  }

  /** Options, other than the ones that differ themselves, whose certificates and keys are not those that it connected with. */
  rewritten(changed: readonly string[]): Promise<string[]> {
    return this.#texts.changed(changed);
  }

  async #refuseAnotherStore(predecessor: ServerConnections): Promise<void> {
    // A store without an index may have got none yet.
    predecessor.#storeId ??= await predecessor.records.settings.establish(STORE_ID, randomUUID());
    this.#storeId ??= await this.records.settings.read(STORE_ID);
    if (this.#storeId === predecessor.#storeId) return;
    throw new ConfigurationError(
      "cql leads to the keyspace of another store, which cannot take the place of the one in use while the store runs: " +
        "look at cql.contactPoints, or make a new store for it.",
    );
  }
}

/** What the connections are made with: where none of it differs, they are kept. */
function isOfConnections(name: string): boolean {
  return /^(?:codec$|(?:cql|qdrant|setup|secrets|index\.payload)(?:\.|$))/.test(name);
}

function serversComposition(
  config: ServerConfig,
  lasting: Lasting,
  connections: Hold<ServerConnections>,
  previous: Estate | null,
): Composition {
  const { records, vectors: collection, secrets } = connections.resource;
  const { limits, audit } = config;
  const codecTexts = new ReadTexts();
  const isSameConnection = previous?.settings === records.settings;
  const { events, telemetry } = lasting;
  const guards = new Guards(config, { events, observer: telemetry }, previous === null ? null : { ...previous, isSameConnection });
  const target = cqlTarget(config.cql);
  const stores = (budgets: Budgets): Stores => ({
    items: observeItems(guardItems(records.items, guards.of("records"), budgets.records), telemetry, target),
    outbox: observeOutbox(guardOutbox(records.outbox, guards.of("records"), budgets.records), telemetry, target),
    vectors: collection === null ? null : vectorsWith(collection, budgets.vectors),
  });
  const vectorsWith = (index: QdrantBackend, budgets: VectorBudgets): VectorIndex => {
    const guarded = guardVectorIndex(index, guards.of("vectors"), budgets);
    return groupVectorWrites(refuseWhileLost(observeVectors(guarded, telemetry, ...qdrantTarget(config)), index), {
      upserts: watchGroups(telemetry, "upserts"),
      removals: watchGroups(telemetry, "removals"),
    });
  };
  const parts: Parts = {
    ...stores(callBudgets(limits)),
    maintenance: stores(maintenanceBudgets(limits)),
    bare: { items: records.items, outbox: records.outbox, vectors: collection },
    breakers: { records: () => guards.of("records").breaker, vectors: () => guards.of("vectors").breaker },
    guards,
    nodes: () => records.nodes(),
    collection,
    settings: records.settings,
    identity: serversIdentity(config.cql),
    auditTable: audit?.table === undefined ? null : records.auditTable(audit.table.retentionDays),
    follow: (text, option) => codecTexts.read(option, () => secrets.follow(text, option)),
    start: () => connections.start(),
    stop: () => connections.stop(),
  };
  const composed = compose(config, lasting, parts, previous);
  return {
    ...composed,
    async renew(given) {
      const next = parseConfig(serverConfigSchema, ofKind(given, "cql"));
      const options = changesOf(serverConfigSchema, withModel(config), withModel(next));
      await secrets.reread();
      const changed = [...options, ...(await connections.resource.rewritten(options)), ...(await codecTexts.changed(options))];
      if (changed.length === 0) return null;
      const others = changed.some(isOfConnections)
        ? new SharedResource(new ServerConnections(next, lasting, { connections: connections.resource, changed })).hold()
        : connections.again();
      return { composition: serversComposition(next, lasting, others, composed.estate), changed };
    },
  };
}

function embeddedComposition(
  config: EmbeddedConfig,
  lasting: Lasting,
  file: Hold<LibsqlBackend>,
  previous: Estate | null,
): Composition {
  const { items, outbox, vectors, settings } = file.resource;
  const { events, telemetry } = lasting;
  const { index } = config;
  const secrets = new Secrets(config.secrets, lasting.events);
  const codecTexts = new ReadTexts();
  const stores: Stores = {
    items: observeItems(items, telemetry, LOCAL_FILE),
    outbox: observeOutbox(outbox, telemetry, LOCAL_FILE),
    vectors: vectors === null ? null : observeVectors(vectors, telemetry, LOCAL_FILE, "points"),
  };
  const parts: Parts = {
    ...stores,
    // Nothing bounds its calls but the deadlines of callers, and maintenance has none.
    maintenance: stores,
    bare: { items, outbox, vectors },
    // A local file is there or not: no breaker stands before it.
    breakers: { records: null, vectors: null },
    guards: new Guards(config, { events, observer: telemetry }, previous === null ? null : { ...previous, isSameConnection: true }),
    nodes: () => [],
    collection: null,
    settings,
    identity: identity(basename(file.resource.path), file.resource.path),
    auditTable: null,
    follow: (text, option) => codecTexts.read(option, () => secrets.follow(text, option)),
    async start() {
      await file.start();
      await checkIdentity(settings, index === undefined ? null : identityOf(index));
    },
    async stop() {
      await file.stop();
      await secrets.stop();
    },
  };
  const composed = compose(config, lasting, parts, previous);
  return {
    ...composed,
    takeOver() {
      file.resource.maxWaiting = config.bulkhead.maxQueued;
      composed.takeOver();
    },
    async renew(given) {
      const next = parseConfig(embeddedConfigSchema, ofKind(given, "path"));
      const options = changesOf(embeddedConfigSchema, withModel(config), withModel(next));
      await secrets.reread();
      const changed = [...options, ...(await codecTexts.changed(options))];
      if (changed.length === 0) return null;
      // The file stays open: what is in a temporary one would go with it.
      return { composition: embeddedComposition(next, lasting, file.again(), composed.estate), changed };
    },
  };
}

/** By what leads to the keyspace: two clusters may have keyspaces of one name. */
function serversIdentity({ keyspace, contactPoints = [], port, localDataCenter }: ServerConfig["cql"]): string {
  return identity(keyspace, JSON.stringify([[...contactPoints].sort(), port ?? null, localDataCenter ?? null]));
}

/** A name, and a hash of where it is, which is not sent to where alerts go. */
function identity(name: string, place: string): string {
  return `${name}@${createHash("sha256").update(place).digest("hex").slice(0, 8)}`;
}

/** Time budgets of calls without a deadline of their caller. */
interface Budgets {
  readonly records: RecordBudgets;
  readonly vectors: VectorBudgets;
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

/** How calls to the local file are named. */
const LOCAL_FILE: DatabaseTarget = { system: "sqlite", namespace: null, address: null, port: null };

/** How calls to the CQL database are named. */
function cqlTarget({ contactPoints, port, keyspace }: ServerConfig["cql"]): DatabaseTarget {
  const [first = null] = contactPoints ?? [];
  const endpoint = first === null ? { serverAddress: null, serverPort: null } : endpointOf(first);
  return { system: "cassandra", namespace: keyspace, address: endpoint.serverAddress, port: endpoint.serverPort ?? port ?? 9_042 };
}

/** How calls to Qdrant are named, and its collection. */
function qdrantTarget({ qdrant, cql }: ServerConfig): readonly [DatabaseTarget, string] {
  const url = qdrant === undefined ? null : new URL(qdrant.url);
  const port = url === null || url.port === "" ? null : Number(url.port);
  return [{ system: "qdrant", namespace: null, address: url?.hostname ?? null, port }, qdrant?.collection ?? cql.keyspace];
}

/** A store on servers and one on a local file are never the same store. */
function ofKind(given: unknown, kind: "cql" | "path"): unknown {
  const other = kind === "cql" ? "path" : "cql";
  if (!isPlainObject(given) || given[other] === undefined) return given;
  throw new ConfigurationError(
    `${other}: cannot be given to a store that was made with ${kind}: one on servers (cql) and one on a local file (path) are two stores.`,
  );
}

/** With the name of its model, which may be what the embeddings object says. */
function withModel<Config extends CommonConfig>(config: Config): Config {
  return config.index === undefined ? config : { ...config, index: { ...config.index, model: identityOf(config.index).model } };
}

function qdrantOptions(
  { cql, index, codec }: ServerConfig,
  qdrant: NonNullable<ServerConfig["qdrant"]>,
  secrets: Secrets,
  texts: ReadTexts,
) {
  const headers = Object.entries(qdrant.headers ?? {}).map(([name, value]) => [name, secrets.text(value, `qdrant.headers.${name}`)] as const);
  return {
    ...qdrant,
    apiKey: qdrant.apiKey === undefined ? undefined : secrets.text(qdrant.apiKey, "qdrant.apiKey"),
    headers: Object.fromEntries(headers),
    tls: encryption(qdrant.tls, "qdrant.tls", secrets, texts),
    collection: qdrant.collection ?? cql.keyspace,
    payload: index?.payload ?? (codec === undefined ? "all" : "none"),
    layout: qdrant,
  };
}

/** The option `tls` as the backends take it: read when they connect. */
function encryption(options: TlsOptions | undefined, name: string, secrets: Secrets, texts: ReadTexts): Tls | undefined {
  return options === undefined ? undefined : tlsOf(options, name, (text, option) => secrets.follow(text, option), texts);
}

/** The option `credentials` as the backend takes it: asked at each new connection. */
function credentialsOf({ credentials }: ServerConfig["cql"], secrets: Secrets): CqlOptions["credentials"] {
  if (credentials === undefined) return undefined;
  return {
    username: secrets.text(credentials.username, "cql.credentials.username"),
    password: secrets.text(credentials.password, "cql.credentials.password"),
  };
}
