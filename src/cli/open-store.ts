/** Opens the store that a command works on, configured as the library is: file, profile, environment, then flags. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { variableOf } from "../config/environment.ts";
import { loadConfig, type ConfigOverrides, type Profile } from "../config/load.ts";
import type { StoreConfig } from "../config/store-config.ts";
import { ConfigurationError, messageOf, SchemaError } from "../model/errors.ts";
import type { EmbeddingsLike } from "../ports/embedder.ts";
import type { LogFields, Logger } from "../ports/logger.ts";
import { ScyllaDBStore } from "../scylladb-store.ts";
import { untilStopped } from "./interrupt.ts";
import { note, type Terminal } from "./terminal.ts";

/** Flags of every command that opens the store. */
export interface StoreFlags {
  readonly config?: string;
  readonly profile?: Profile;
  readonly set?: readonly string[];
  readonly path?: string;
  readonly embeddings?: string;
  readonly nextEmbeddings?: string;
  readonly logLevel?: "debug" | "info" | "warn" | "error" | "silent";
}

/** Adds the flags that say which store a command works on. */
export function addStoreFlags(command: Command): Command {
  return command
    .option("--config <file>", "configuration file (default: scylladb-store.config.* in this folder)")
    .option("--profile <name>", "profile of the configuration file: development, staging or production")
    .option("--set <option=value>", "option of the store, such as cql.keyspace=agents; may be repeated", (value: string, before: string[] = []) => [...before, value])
    .option("--path <file>", "local file of the store; the same as --set path=<file>")
    .option("--embeddings <module>", 'embedder: "local", or a module whose default export is a LangChain Embeddings')
    .option("--next-embeddings <module>", "the same for index.next, which reindex builds")
    .option("--log-level <level>", "least level of log lines on standard error: debug, info, warn, error, silent", "warn");
}

/** Deadline of calls where none is configured, milliseconds: a new process connects, and may load its embedder first. */
const DEADLINE_MS = 60_000;

/** Loads the configuration. A command sends no alerts: the processes of the application do. */
export async function loadStoreConfig(terminal: Terminal, flags: StoreFlags): Promise<StoreConfig> {
  const env = { ...terminal.env, ...variablesOf(flags) };
  const overrides: ConfigOverrides = { logger: loggerTo(terminal), logLevel: flags.logLevel ?? "warn", ...(await indexOverridesOf(flags)) };
  const config = await loadConfig({
    env,
    overrides,
    ...(flags.config === undefined ? {} : { file: flags.config }),
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
  });
  return {
    ...config,
    alerts: undefined,
    limits: { deadlineMs: DEADLINE_MS, queryEmbeddingDeadlineMs: DEADLINE_MS / 2, ...config.limits },
    telemetry: { slowOperationMs: DEADLINE_MS, ...config.telemetry },
  };
}

/**
 * Opens the store and creates nothing: a wrong keyspace or path must not leave an empty store behind.
 *
 * @throws {SchemaError} when there is no store yet.
 */
export async function openStore(terminal: Terminal, flags: StoreFlags): Promise<ScyllaDBStore> {
  const config = await loadStoreConfig(terminal, flags);
  if ("cql" in config) return ScyllaDBStore.connect({ ...config, setup: "never" });
  const { path = "./langgraph-store.db" } = config;
  if (path !== ":memory:") await checkFile(config, path);
  return ScyllaDBStore.embedded(config);
}

/** @throws {SchemaError} when opening the file would create or change its tables. */
async function checkFile(config: StoreConfig, path: string): Promise<void> {
  const { exists, stored, needed } = existsSync(path) ? await ScyllaDBStore.schemaStatus(config) : { exists: false, stored: 0, needed: 0 };
  if (!exists) throw new SchemaError(`There is no store at ${resolve(path)}. Check the path, or create the store with: scylladb-store migrate up`);
  if (stored >= needed) return;
  throw new SchemaError(
    `${resolve(path)} has schema version ${stored}, but version ${needed} is needed. Copy the file as a backup, then run: scylladb-store migrate up`,
  );
}

/** Runs a task on the store and closes it. */
export async function withStore<T>(terminal: Terminal, flags: StoreFlags, task: (store: ScyllaDBStore) => Promise<T>): Promise<T> {
  const store = await openedUnlessInterrupted(terminal, openStore(terminal, flags));
  try {
    return await task(store);
  } finally {
    await store.stop();
  }
}

/** Waits for a store to open, or for Ctrl-C: a server that does not answer must not hold the command. A store that opens later is closed. */
export async function openedUnlessInterrupted(terminal: Terminal, opening: Promise<ScyllaDBStore>): Promise<ScyllaDBStore> {
  try {
    return await untilStopped(terminal, 0, opening);
  } catch (error) {
    if (terminal.signal.aborted) {
      note(terminal, "Nothing was done.");
      void opening.then((store) => store.stop()).catch(() => undefined);
    }
    throw error;
  }
}

/** Returns flags as environment variables, which are parsed and checked like them. */
function variablesOf({ set = [], path }: StoreFlags): Record<string, string> {
  const given = path === undefined ? set : [...set, `path=${path}`];
  return Object.fromEntries(
    given.map((text) => {
      const end = text.indexOf("=");
      if (end < 1) throw new ConfigurationError(`--set must be option=value, such as cql.keyspace=agents, but got ${JSON.stringify(text)}.`);
      return [variableOf(text.slice(0, end).split(".")), text.slice(end + 1)];
    }),
  );
}

async function indexOverridesOf({ embeddings, nextEmbeddings }: StoreFlags): Promise<ConfigOverrides> {
  if (embeddings === undefined && nextEmbeddings === undefined) return {};
  const next = nextEmbeddings === undefined ? {} : { next: await embedderOf(nextEmbeddings, "--next-embeddings") };
  return { index: { ...(embeddings === undefined ? {} : await embedderOf(embeddings, "--embeddings")), ...next } };
}

async function embedderOf(name: string, flag: string): Promise<{ readonly embeddings: EmbeddingsLike; readonly dims?: number }> {
  if (name !== "local") return { embeddings: (await importDefault(name, flag)) as EmbeddingsLike };
  const { LOCAL_EMBEDDINGS_DIMS, LocalEmbeddings } = await import("../embeddings/local.ts");
  return { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings() };
}

/**
 * The default export of a module: a file of the working directory, or a package.
 *
 * @throws {ConfigurationError} when it cannot be loaded or has none.
 */
export async function importDefault(name: string, flag: string): Promise<unknown> {
  const isFile = /^[./]/.test(name) || existsSync(name);
  let module: { readonly default?: unknown };
  try {
    module = (await import(isFile ? pathToFileURL(resolve(name)).href : name)) as { readonly default?: unknown };
  } catch (cause) {
    throw new ConfigurationError(`${flag}: the module ${JSON.stringify(name)} could not be loaded: ${messageOf(cause)}`, { cause });
  }
  if (module.default !== undefined) return module.default;
  throw new ConfigurationError(`${flag}: the module ${JSON.stringify(name)} has no default export.`);
}

function loggerTo(terminal: Terminal): Logger {
  const write =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      note(terminal, `${level}: ${message} ${JSON.stringify(fields)}`);
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
