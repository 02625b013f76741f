/** Connections to ScyllaDB or Cassandra, and to Qdrant. */
import { randomUUID } from "node:crypto";
import { CqlBackend, type CqlOptions } from "../backends/cql/index.ts";
import { QdrantBackend } from "../backends/qdrant/index.ts";
import type { TlsOptions } from "../config/options/tls.ts";
import { ReadTexts } from "../config/read-texts.ts";
import type { ServerConfig } from "../config/schema.ts";
import { Secrets } from "../config/secrets/secrets.ts";
import { tlsOf } from "../config/tls-files.ts";
import type { GenerationDescriptor } from "../core/generation-record.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { SchemaReader, SchemaStatus } from "../ports/schema.ts";
import type { Resource } from "../ports/backend.ts";
import type { Tls } from "../ports/tls.ts";
import type { StoreContext } from "./context.ts";
import { descriptorsOf } from "./core.ts";
import { GenerationWatch, type ConfiguredGeneration } from "./generation-watch.ts";

/** Name of the setting that identifies a store. */
const STORE_ID = "store-id";

/** The connections before a reload, and the names of the options that differ. */
interface PreviousConnections {
  readonly connections: ServerConnections;
  readonly changed: readonly string[];
}

/** The connections of a store on servers. A reload keeps them unless an option of theirs changed, see {@link isConnectionOption}. */
export class ServerConnections implements Resource, SchemaReader {
  readonly secrets: Secrets;
  readonly records: CqlBackend;
  /** One for each configured generation of the index; empty without an index. */
  readonly vectors: readonly QdrantBackend[];
  readonly generations: GenerationWatch;
  /** Certificates and keys. */
  readonly #texts = new ReadTexts();
  /** Whether no option of Qdrant differs from those of the previous connections. */
  readonly #isSameQdrant: boolean;
  /** The started connections that these replace, which must lead to the same store; null once that was checked. */
  #previous: ServerConnections | null;
  #storeId: string | null = null;
  #isStarted = false;

  /** @param previous - null for the first connections of a store */
  constructor(config: ServerConfig, { events, log: logger }: StoreContext, previous: PreviousConnections | null) {
    const { cql, qdrant, index, codec } = config;
    const replaced = previous !== null && previous.connections.#isStarted ? previous.connections : null;
    const secrets = new Secrets(config.secrets, events);
    // A reload creates nothing: a wrong address must not leave an empty keyspace behind.
    const setup = replaced === null ? config.setup : "never";
    const tls = encryption(cql.tls, "cql.tls", secrets, this.#texts);
    const options = { ...cql, credentials: credentialsOf(cql, secrets), tls };
    this.records = new CqlBackend(options, { setup, logger, checksVersions: codec !== undefined });
    const { settings } = this.records;
    const descriptors = index === undefined || qdrant === undefined ? [] : descriptorsOf(config);
    this.vectors = descriptors.map(
      (identity) =>
        new QdrantBackend({
          options: qdrantOptions(config, qdrant as NonNullable<typeof qdrant>, secrets, this.#texts),
          identity,
          keywordLanguage: identity.keyword,
          setup: config.setup,
          settings,
          logger,
        }),
    );
    const configured = this.vectors.map((vectors, i): ConfiguredGeneration => ({
      descriptor: descriptors[i] as GenerationDescriptor,
      open: (number, { isActive, isStart }) => vectors.startGeneration(number, { takesAlias: isActive, ...(isStart ? this.#startOptions : {}) }),
    }));
    this.generations = new GenerationWatch({ settings, configured, logger });
    this.secrets = secrets;
    this.#isSameQdrant = previous?.changed.every((name) => !/^qdrant(?:\.|$)/.test(name)) ?? false;
    this.#previous = replaced;
  }

  async start(): Promise<void> {
    await this.secrets.start();
    await this.records.start();
    const { settings } = this.records;
    this.#storeId = await settings.read(STORE_ID);
    if (this.#previous !== null) await this.#refuseAnotherStore(this.#previous);
    for (const vectors of this.vectors) await vectors.open();
    // Checks the model first: a wrong one must not leave a collection behind.
    await this.generations.start();
    this.#previous = null;
    this.#isStarted = true;
  }

  /** Connects to the records only, and creates nothing. */
  async schemaStatus(): Promise<SchemaStatus> {
    await this.secrets.start();
    return this.records.schemaStatus();
  }

  schemaStatements(): Promise<readonly string[]> {
    return this.records.schemaStatements();
  }

  async stop(): Promise<void> {
    this.#previous = null;
    await this.generations.stop();
    await Promise.all([this.records.stop(), ...this.vectors.map((vectors) => vectors.stop())]);
    await this.secrets.stop();
  }

  /** Returns the options, other than those in `changed`, whose certificate or key has new content since the connections were made. */
  withNewContent(changed: readonly string[]): Promise<string[]> {
    return this.#texts.withNewContent(changed);
  }

  /** How the first opening treats collections. A reload creates none, and an outage of Qdrant must not prevent a reload of options that do not concern it. */
  get #startOptions(): { readonly setup?: "never"; readonly mayBeUnavailable?: boolean } {
    return this.#previous === null ? {} : { setup: "never", mayBeUnavailable: this.#isSameQdrant };
  }

  async #refuseAnotherStore(previous: ServerConnections): Promise<void> {
    // A store without an index may not have an id yet.
    previous.#storeId ??= await previous.records.settings.establish(STORE_ID, randomUUID());
    this.#storeId ??= await this.records.settings.read(STORE_ID);
    if (this.#storeId === previous.#storeId) return;
    throw new ConfigurationError(
      "cql leads to the keyspace of another store, which cannot replace the current one while the store runs: " +
        "check cql.contactPoints, or create a new store for that keyspace.",
    );
  }
}

/**
 * Whether a change of this option needs new connections: an option of the connections, or one that the backends receive when they are
 * created (codec, payload, keywords). Beside `index.next`, also what describes the generations of the index.
 */
export function isConnectionOption(name: string, { index }: Pick<ServerConfig, "index">): boolean {
  if (index?.next !== undefined && /^index\.(?:fields|rules)(?:\.|$)/.test(name)) return true;
  return name !== "index.next.embeddings" && /^(?:codec$|(?:cql|qdrant|secrets|index\.payload|index\.keyword|index\.next)(?:\.|$))/.test(name);
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

/** The option `tls` as backends take it: certificates and keys are read at each connection. */
function encryption(options: TlsOptions | undefined, name: string, secrets: Secrets, texts: ReadTexts): Tls | undefined {
  return options === undefined ? undefined : tlsOf(options, name, (text, option) => secrets.resolve(text, option), texts);
}

/** The option `credentials` as the backend takes it: read at each new connection. */
function credentialsOf({ credentials }: ServerConfig["cql"], secrets: Secrets): CqlOptions["credentials"] {
  if (credentials === undefined) return undefined;
  return {
    username: secrets.text(credentials.username, "cql.credentials.username"),
    password: secrets.text(credentials.password, "cql.credentials.password"),
  };
}
