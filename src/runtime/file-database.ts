/** Records and vectors in one local file, with telemetry around them. */
import { SCHEMA_STATEMENTS } from "../backends/sqlite/migrations.ts";
import { readFileSchema } from "../backends/sqlite/schema-status.ts";
import { SqliteBackend } from "../backends/sqlite/index.ts";
import { changesOf } from "../config/change.ts";
import { ReadTexts } from "../config/read-texts.ts";
import { embeddedConfigSchema, parseConfig, type EmbeddedConfig } from "../config/schema.ts";
import { Secrets } from "../config/secrets/secrets.ts";
import { checkIdentity, identityOf } from "../core/model-identity.ts";
import type { KeywordLanguage } from "../model/keyword-language.ts";
import { readKeywordLanguage, useKeywordLanguage } from "../ports/keyword-settings.ts";
import type { Settings } from "../ports/settings.ts";
import { observeItems, observeOutbox, observeVectors } from "../telemetry/observed-calls.ts";
import type { StoreContext } from "./context.ts";
import { keywordLanguageOf } from "./core.ts";
import { fileIdentity, LOCAL_FILE } from "./database-targets.ts";
import { checkKind, withModelName, type Databases, type DataPorts } from "./databases.ts";
import { diagnoseFile } from "./file-diagnosis.ts";
import type { Finding } from "../ports/diagnosis.ts";
import type { SchemaReader } from "../ports/schema.ts";
import { Guards } from "./guards.ts";
import { SharedResource, type Reference } from "./shared-resource.ts";

/** Name of the index in the settings. */
const FILE = "file";

/** The database of a reload. */
interface Reloaded {
  readonly previous: FileDatabase;
  readonly changed: readonly string[];
}

/** The database of a store on a local file. */
export class FileDatabase implements Databases {
  readonly config: EmbeddedConfig;
  readonly changed: readonly string[];
  readonly guards: Guards;
  readonly callPorts: DataPorts;
  /** The same as {@link callPorts}: calls to a file have no time budget but the deadline of their caller. */
  readonly maintenancePorts: DataPorts;
  readonly directPorts: DataPorts;
  readonly breakers = { records: null, vectors: null };
  readonly collection = null;
  readonly settings: Settings;
  readonly partitions = null;
  readonly identity: string;
  readonly auditTable = null;
  readonly auditArchive = null;
  readonly generationControl = null;
  readonly generations = { active: 0, other: null, hasUnknown: false, keepsIntents: false };
  readonly #context: StoreContext;
  #keywordLanguage: KeywordLanguage | null = null;
  readonly #file: Reference<SqliteBackend>;
  readonly #secrets: Secrets;
  /** Secrets that the codec has read. */
  readonly #codecTexts = new ReadTexts();

  /** @param reloaded - null for the first database of a store */
  constructor(config: EmbeddedConfig, context: StoreContext, reloaded: Reloaded | null = null) {
    const { events, telemetry } = context;
    this.config = config;
    this.#context = context;
    this.changed = reloaded?.changed ?? [];
    // A reload keeps the file open: a temporary one would be lost.
    this.#file = reloaded === null ? openFile(config, context) : reloaded.previous.#file.share();
    const { items, outbox, vectors, settings, path } = this.#file.resource;
    const previous = reloaded?.previous ?? null;
    this.guards = new Guards(config, context, previous && { guards: previous.guards, config: previous.config, isSameConnection: true });
    this.callPorts = {
      items: observeItems(items, telemetry, LOCAL_FILE),
      outbox: observeOutbox(outbox, telemetry, LOCAL_FILE),
      vectors: vectors === null ? [] : [observeVectors(vectors, telemetry, LOCAL_FILE, "points")],
    };
    this.maintenancePorts = this.callPorts;
    this.directPorts = { items, outbox, vectors: vectors === null ? [] : [vectors] };
    this.settings = settings;
    this.identity = fileIdentity(path);
    this.#secrets = new Secrets(config.secrets, events);
  }

  readonly nodes: Databases["nodes"] = () => [];

  readonly readSecret: Databases["readSecret"] = (text, option) =>
    this.#codecTexts.read(option, () => this.#secrets.resolve(text, option));

  async createNext(given: unknown): Promise<FileDatabase | null> {
    checkKind(given, "path");
    const config = parseConfig(embeddedConfigSchema, given);
    const options = changesOf(embeddedConfigSchema, withModelName(this.config), withModelName(config));
    await this.#secrets.reread();
    const changed = [...options, ...(await this.#codecTexts.withNewContent(options))];
    return changed.length === 0 ? null : new FileDatabase(config, this.#context, { previous: this, changed });
  }

  diagnose(): Promise<Finding[]> {
    return diagnoseFile(this.#file.resource.path);
  }

  activate(): void {
    this.#file.resource.maxWaiting = this.config.bulkhead.maxQueued;
  }

  keywordLanguage(): KeywordLanguage | null {
    return this.#keywordLanguage;
  }

  async start(): Promise<void> {
    const { index } = this.config;
    await this.#file.start();
    await checkIdentity(this.settings, index === undefined ? null : identityOf(index), "file");
    if (index !== undefined) this.#keywordLanguage = await this.#useKeywords();
  }

  /** Determines the language of the stored terms: a file stores terms for all items or for none. */
  async #useKeywords(): Promise<KeywordLanguage | null> {
    const { settings, directPorts } = this;
    const configured = keywordLanguageOf(this.config);
    let stored = await readKeywordLanguage({ name: FILE, settings });
    if (stored === null && configured !== null) {
      const isNew = (await directPorts.vectors[0]?.scan(null, 1))?.found.length === 0;
      if (isNew) stored = configured;
    }
    if (stored === null && configured === null) return null;
    return useKeywordLanguage({ name: FILE, settings, logger: this.#context.log, configured }, stored);
  }

  async stop(): Promise<void> {
    await this.#file.stop();
    await this.#secrets.stop();
  }
}

/** Reads the schema of a file, which is not created. */
export function fileSchema({ path }: EmbeddedConfig): SchemaReader {
  return {
    schemaStatus: () => readFileSchema(path),
    schemaStatements: () => Promise.resolve(SCHEMA_STATEMENTS),
  };
}

function openFile({ path, index, bulkhead, embedded }: EmbeddedConfig, { log }: StoreContext): Reference<SqliteBackend> {
  const options = { path, dims: index?.dims ?? null, metric: index?.metric ?? ("cosine" as const), logger: log, maxWaiting: bulkhead.maxQueued, ...embedded };
  return new SharedResource(new SqliteBackend(options)).reference();
}
