/** Records and vectors in one local file, with telemetry around them. */
import { SCHEMA_STATEMENTS } from "../backends/sqlite/migrations.ts";
import { readFileSchema } from "../backends/sqlite/schema-status.ts";
import { SqliteBackend } from "../backends/sqlite/index.ts";
import type { SqliteVectorIndex } from "../backends/sqlite/vector-index.ts";
import { changesOf } from "../config/change.ts";
import { ReadTexts } from "../config/read-texts.ts";
import { embeddedConfigSchema, parseConfig, type EmbeddedConfig } from "../config/schema.ts";
import { Secrets } from "../config/secrets/secrets.ts";
import type { GenerationDescriptor } from "../core/generation-record.ts";
import { INDEX_REMOVED, NotReadyError } from "../model/errors.ts";
import type { KeywordLanguage } from "../model/keyword-language.ts";
import { readKeywordLanguage, useKeywordLanguage } from "../ports/keyword-settings.ts";
import type { Settings } from "../ports/settings.ts";
import type { GenerationStorage } from "../sync/reindex.ts";
import { observeItems, observeOutbox, observeVectors } from "../telemetry/observed-calls.ts";
import type { StoreContext } from "./context.ts";
import { descriptorsOf } from "./core.ts";
import { fileIdentity, LOCAL_FILE } from "./database-targets.ts";
import { checkKind, withModelName, type Databases, type DataPorts } from "./databases.ts";
import { diagnoseFile } from "./file-diagnosis.ts";
import type { Finding } from "../ports/diagnosis.ts";
import type { SchemaReader } from "../ports/schema.ts";
import { GenerationWatch } from "./generation-watch.ts";
import { Guards } from "./guards.ts";
import { SharedResource, type Reference } from "./shared-resource.ts";

/** Returns the name of a generation of the index in the settings. */
function nameOf(generation: number): string {
  return generation === 1 ? "file" : `file_g${generation}`;
}

/** A configured generation of the index. */
interface FileGeneration {
  readonly descriptor: GenerationDescriptor;
  readonly vectors: SqliteVectorIndex;
  /** Language of the terms that it holds; null where it holds none. */
  language: KeywordLanguage | null;
}

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
  readonly generations: GenerationWatch;
  readonly #context: StoreContext;
  /** That of `index`, and that of `index.next`. */
  readonly #indexes: readonly FileGeneration[];
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
    const { resource: file } = this.#file;
    const { items, outbox, settings, path } = file;
    this.#indexes = descriptorsOf(config).map((descriptor) => ({ descriptor, vectors: file.index(descriptor, this.#refuse), language: null }));
    this.generations = new GenerationWatch({
      settings,
      logger: context.log,
      configured: this.#indexes.map((index) => ({ descriptor: index.descriptor, open: (number) => this.#startGeneration(index, number) })),
    });
    const previous = reloaded?.previous ?? null;
    this.guards = new Guards(config, context, previous && { guards: previous.guards, config: previous.config, isSameConnection: true });
    this.callPorts = {
      items: observeItems(items, telemetry, LOCAL_FILE),
      outbox: observeOutbox(outbox, telemetry, LOCAL_FILE),
      vectors: this.#indexes.map(({ vectors }) => observeVectors(vectors, telemetry, LOCAL_FILE, "points")),
    };
    this.maintenancePorts = this.callPorts;
    this.directPorts = { items, outbox, vectors: this.#indexes.map(({ vectors }) => vectors) };
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

  keywordLanguage(position: number): KeywordLanguage | null {
    return this.#indexes[position]?.language ?? null;
  }

  readonly generationStorage: GenerationStorage = {
    create: async (position, number) => {
      const index = this.#indexes[position];
      if (index !== undefined) await this.#startGeneration(index, number);
    },
    activated: async () => {},
    drop: ({ number }) => this.#file.resource.dropGeneration(number),
  };

  async start(): Promise<void> {
    await this.#file.start();
    await this.generations.start();
  }

  /** Uses a generation of the index, which stores terms for all items or for none. */
  async #startGeneration(index: FileGeneration, number: number): Promise<void> {
    const { settings } = this;
    const { descriptor, vectors } = index;
    await vectors.startGeneration(number);
    const keywords = { name: nameOf(number), settings, logger: this.#context.log, configured: descriptor.keyword };
    let stored = await readKeywordLanguage(keywords);
    if (stored === null && descriptor.keyword !== null && (await vectors.scan(null, 1)).found.length === 0) stored = descriptor.keyword;
    index.language = stored === null && descriptor.keyword === null ? null : await useKeywordLanguage(keywords, stored);
  }

  /** Searches of a generation that was removed are answered from the records. */
  readonly #refuse = (): void => {
    if (this.generations.isRetired) throw new NotReadyError(INDEX_REMOVED);
  };

  async stop(): Promise<void> {
    await this.generations.stop();
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

function openFile({ path, bulkhead, embedded }: EmbeddedConfig, { log }: StoreContext): Reference<SqliteBackend> {
  const options = { path, dims: null, logger: log, maxWaiting: bulkhead.maxQueued, ...embedded };
  return new SharedResource(new SqliteBackend(options)).reference();
}
