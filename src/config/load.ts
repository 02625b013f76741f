/** Loads a configuration from its sources; later ones override earlier ones. */
import { catalogueOf, type Option } from "./catalogue.ts";
import { FILE_VARIABLE, readEnvironment, type Environment, type FromEnvironment } from "./environment.ts";
import { findConfigFile, readConfigFile, type ConfigFile } from "./file.ts";
import { isPlainObject, layered, type ConfigObject } from "./layers.ts";
import { describeMistakes, NO_MESSAGE, pathText, valueAt, type Origin } from "./mistakes.ts";
import { mistakesError } from "./parse.ts";
import { stateOf } from "./watch.ts";
import { applyProfile, type Profile } from "./profiles.ts";
import type { EmbeddedStoreConfig } from "./option-types/embedded-store.ts";
import type { ScyllaDBStoreConfig } from "./option-types/server-store.ts";
import { embeddedConfigSchema, serverConfigSchema } from "./schema.ts";
import { ConfigurationError, kindOf } from "../model/errors.ts";

export type { Profile } from "./profiles.ts";

/** Options of a store, partial at any depth, that override those of the file and the environment. */
export type ConfigOverrides = Partial<PartialDeep<ScyllaDBStoreConfig>> | Partial<PartialDeep<EmbeddedStoreConfig>>;

type PartialDeep<Config> = {
  [Name in keyof Config]: NonNullable<Config[Name]> extends readonly unknown[] | ((...args: never[]) => unknown)
    ? Config[Name]
    : NonNullable<Config[Name]> extends object
      ? Partial<PartialDeep<NonNullable<Config[Name]>>>
      : Config[Name];
};

/** Where a configuration is loaded from. */
export interface LoadOptions {
  /**
   * Path of the configuration file; `false` reads none.
   * @default `SCYLLADB_STORE_CONFIG`, else `scylladb-store.config.{ts,mts,js,mjs,cjs,json,yaml,yml}` in the working directory
   */
  readonly file?: string | false;
  /**
   * The active profile of the file.
   * @default `SCYLLADB_STORE_PROFILE`, else `NODE_ENV`, if the file has a profile of that name
   */
  readonly profile?: Profile;
  /** Environment variables; `process.env` by default. */
  readonly env?: Environment;
  /** Options given in code, with the highest precedence; also for objects and functions such as `index.embeddings` and `logger`. */
  readonly overrides?: ConfigOverrides;
}

/** A loaded configuration. */
export interface Loaded {
  readonly config: ScyllaDBStoreConfig | EmbeddedStoreConfig;
  /** Path of the file that was read; null when none was. */
  readonly file: string | null;
  /** State of the file before it was read: a change since then is not in `config`. */
  readonly fileState: string | null;
}

/**
 * Loads a configuration from its sources, in increasing precedence: defaults, the file with its profile, the environment
 * (`SCYLLADB_STORE_*`), `overrides`. Validates the result and opens no connection. A configuration with `cql` is for a
 * store on servers, one with `path` for a store on a local file.
 *
 * @throws {ConfigurationError} listing every mistake: its location, the given value (never a secret), what is allowed,
 *   and an example.
 */
export async function loadConfig(options: LoadOptions = {}): Promise<ScyllaDBStoreConfig | EmbeddedStoreConfig> {
  return (await loadWithFile(options)).config;
}

/** As {@link loadConfig}, and returns which file was read. */
export async function loadWithFile(options: LoadOptions): Promise<Loaded> {
  checkOptions(options);
  const { profile, env = process.env } = options;
  const overrides: ConfigObject = options.overrides ?? {};
  const path = await configPathOf(options, env);
  const fileState = path === null ? null : await stateOf(path);
  const file = path === null ? null : await readConfigFile(path);
  const fromFile = applyProfile(file, profile, env);
  const fromEnv = readEnvironment(env, allOptions());
  const ours = [fromFile, fromEnv.values, overrides].reduce(layered);
  const config = withConventional(ours, fromFile, fromEnv, overrides);
  check(config, { file, fromEnv, overrides });
  return { config: config as ScyllaDBStoreConfig | EmbeddedStoreConfig, file: file?.path ?? null, fileState };
}

const KNOWN_OPTIONS = ["file", "profile", "env", "overrides"];

function checkOptions(options: LoadOptions): void {
  if (!isPlainObject(options)) throw new ConfigurationError(`loadConfig() expects an object of options, but got ${kindOf(options)}.`);
  const unknown = Object.keys(options).find((name) => !KNOWN_OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw new ConfigurationError(`loadConfig() accepts file, profile, env and overrides, but got "${unknown}". Put options of the store into overrides.`);
  }
  const { overrides } = options;
  if (overrides === undefined || isPlainObject(overrides)) return;
  throw new ConfigurationError(`overrides must be an object of options, but got ${kindOf(overrides)}.`);
}

async function configPathOf({ file }: LoadOptions, env: Environment): Promise<string | null> {
  if (file === false) return null;
  return findConfigFile(file ?? (env[FILE_VARIABLE] || undefined), process.cwd());
}

/** The options of both kinds of store; the environment may hold variables for either. */
function allOptions(): Option[] {
  return [serverConfigSchema, embeddedConfigSchema].flatMap((schema) => catalogueOf(schema).options);
}

/** `QDRANT_URL` may be set for another program: it applies only to a store on servers, and the key only together with a URL. */
function withConventional(config: ConfigObject, fromFile: ConfigObject, fromEnv: FromEnvironment, overrides: ConfigObject): ConfigObject {
  if (!Object.hasOwn(config, "cql")) return config;
  const merged = [fromFile, fromEnv.conventional, fromEnv.values, overrides].reduce(layered);
  return valueAt(merged, ["qdrant", "url"]) === undefined ? config : merged;
}

interface Sources {
  readonly file: ConfigFile | null;
  readonly fromEnv: FromEnvironment;
  readonly overrides: ConfigObject;
}

function check(config: ConfigObject, { file, fromEnv, overrides }: Sources): void {
  const mistakes = [...fromEnv.mistakes];
  const kind = kindOfStore(config);
  if (typeof kind === "string") throw mistakesError([...mistakes, kind]);
  const originOf = (path: readonly PropertyKey[]): Origin | null => {
    if (valueAt(overrides, path) !== undefined) return { text: "in overrides", variable: null };
    for (let length = path.length; length > 0; length -= 1) {
      const variable = fromEnv.variables.get(pathText(path.slice(0, length)));
      if (variable !== undefined) return { text: `in ${variable}`, variable };
    }
    return file !== null && valueAt(config, path) !== undefined ? { text: `in ${file.path}`, variable: null } : null;
  };
  const parsed = kind.safeParse(config, { error: () => NO_MESSAGE });
  if (!parsed.success) mistakes.push(...describeMistakes(catalogueOf(kind), config, parsed.error.issues, originOf));
  if (mistakes.length > 0) throw mistakesError(mistakes);
}

function kindOfStore(config: ConfigObject): typeof serverConfigSchema | typeof embeddedConfigSchema | string {
  const isOnServers = Object.hasOwn(config, "cql");
  const isOnFile = Object.hasOwn(config, "path");
  if (isOnServers && isOnFile) return "config: has both cql (a store on servers) and path (a store on one local file): remove one of them.";
  if (!isOnServers && !isOnFile) {
    return (
      "config: must have cql (a store on servers) or path (a store on one local file). " +
      'For example: path: "./memory.db", or SCYLLADB_STORE_PATH=./memory.db'
    );
  }
  return isOnServers ? serverConfigSchema : embeddedConfigSchema;
}
