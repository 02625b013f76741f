/**
 * The configuration in environment variables: `SCYLLADB_STORE_CQL__CONTACT_POINTS` is `cql.contactPoints`. `__` separates
 * levels, `_` separates the words of a name.
 */
import type { Option } from "./catalogue.ts";
import { nearestOf } from "../model/nearest-name.ts";
import { pathText } from "./mistakes.ts";
import { alternativesOf } from "./type-text.ts";
import type { ConfigObject } from "./layers.ts";

/** Variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = "SCYLLADB_STORE_";

/** Selects the profile. */
export const PROFILE_VARIABLE = `${PREFIX}PROFILE`;

/** Path of the configuration file. */
export const FILE_VARIABLE = `${PREFIX}CONFIG`;

/** Variables that other programs use, too; of lower precedence than `SCYLLADB_STORE_*`. */
export const CONVENTIONAL_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  QDRANT_URL: ["qdrant", "url"],
  QDRANT_API_KEY: ["qdrant", "apiKey"],
};

/** The variable of an option. */
export function variableOf(path: readonly string[]): string {
  return PREFIX + path.map((name) => name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()).join("__");
}

/** The options found in the environment. */
export interface FromEnvironment {
  readonly values: ConfigObject;
  /** Values of {@link CONVENTIONAL_VARIABLES}; lower precedence than all other variables. */
  readonly conventional: ConfigObject;
  /** Names of the variables, by the path of their option as text. */
  readonly variables: ReadonlyMap<string, string>;
  readonly mistakes: readonly string[];
}

/** Reads options from environment variables; an empty variable counts as unset. */
export function readEnvironment(env: Environment, options: readonly Option[]): FromEnvironment {
  const known = new Map(options.map((option) => [variableOf(option.path), option]));
  const variables = new Map<string, string>();
  const mistakes: string[] = [];
  let values: ConfigObject = {};
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || name === PROFILE_VARIABLE || name === FILE_VARIABLE) continue;
    const option = known.get(name);
    if (option === undefined || option.isForCode) mistakes.push(`${name}: ${refusal(name, option, [...known.keys()])}`);
    if (option === undefined || option.isForCode || text === undefined || text === "") continue;
    values = withValue(values, option.path, toValue(text, option));
    variables.set(pathText(option.path), name);
  }
  let conventional: ConfigObject = {};
  for (const [name, path] of Object.entries(CONVENTIONAL_VARIABLES)) {
    const text = env[name];
    if (text === undefined || text === "") continue;
    conventional = withValue(conventional, path, text);
    if (!variables.has(pathText(path))) variables.set(pathText(path), name);
  }
  return { values, conventional, variables, mistakes };
}

function refusal(name: string, option: Option | undefined, known: readonly string[]): string {
  if (option !== undefined) return `${pathText(option.path)} is an object or a function and can only be set in code: pass it in overrides.`;
  const inside = known.filter((each) => each.startsWith(`${name}__`));
  if (inside.length > 0) return `is a group of options, each with its own variable: ${inside.slice(0, 5).join(", ")}${inside.length > 5 ? ", …" : ""}.`;
  const near = nearestOf(name.slice(PREFIX.length), [...known, PROFILE_VARIABLE, FILE_VARIABLE].map((each) => each.slice(PREFIX.length)));
  if (near !== null) return `is not a variable of the store; did you mean ${PREFIX}${near}?`;
  return "is not a variable of the store; docs/configuration.md and .env.example list them.";
}

/** Text that cannot be parsed as the option's type stays text; the schema then rejects it and reports its path. */
function toValue(text: string, { schema }: Option): unknown {
  const alternatives = alternativesOf(schema).filter((each) => each.const === undefined);
  const [only, ...others] = alternatives;
  if (only === undefined || others.length > 0 || Array.isArray(only.type)) return fromJson(text);
  switch (only.type) {
    case "string":
      return text;
    case "array":
      return isListOfTexts(only.items) && !text.trimStart().startsWith("[") ? text.split(",").map((each) => each.trim()) : fromJson(text);
    default:
      return fromJson(text);
  }
}

function isListOfTexts(items: unknown): boolean {
  return typeof items === "object" && items !== null && "type" in items && items.type === "string";
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The schema reports what the option takes.
    return text;
  }
}

/** Returns a copy of the object with a value set at a path. */
function withValue(object: ConfigObject, [name, ...rest]: readonly string[], value: unknown): ConfigObject {
  if (name === undefined) return object;
  if (rest.length === 0) return { ...object, [name]: value };
  const inner = Object.hasOwn(object, name) ? object[name] : {};
  return { ...object, [name]: withValue((typeof inner === "object" && inner !== null ? inner : {}) as ConfigObject, rest, value) };
}
