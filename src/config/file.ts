/** Reads the configuration file. */
import { readFile, stat } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isAlias, parseDocument, visit } from "yaml";
import { ConfigurationError, kindOf, messageOf } from "../model/errors.ts";
import { isPlainObject, type ConfigObject } from "./layers.ts";
import { importAtRunTime } from "../model/optional-import.ts";

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs", ".cjs", ".json", ".yaml", ".yml"] as const;

/** Default names, searched in the working directory. */
const FILE_NAMES = EXTENSIONS.map((extension) => `scylladb-store.config${extension}`);

/** A configuration file and its content. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly content: ConfigObject;
}

/**
 * Finds the configuration file.
 *
 * @param given - path of the file; without it, {@link FILE_NAMES} are searched
 * @returns the absolute path, or null when no file was named or found
 * @throws {ConfigurationError} when the named file does not exist, or several files were found.
 */
export async function findConfigFile(given: string | undefined, directory: string): Promise<string | null> {
  if (given !== undefined) {
    const path = resolve(directory, given);
    if (await isFile(path)) return path;
    throw new ConfigurationError(`The configuration file ${path} does not exist. Set the path of an existing file, or none.`);
  }
  const paths = FILE_NAMES.map((name) => resolve(directory, name));
  const areThere = await Promise.all(paths.map(isFile));
  const [path = null, ...others] = paths.filter((_, i) => areThere[i]);
  if (others.length === 0) return path;
  throw new ConfigurationError(
    `There are several configuration files: ${[path, ...others].join(", ")}. Keep one, or select one by SCYLLADB_STORE_CONFIG.`,
  );
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw new ConfigurationError(`The configuration file ${path} is not accessible.`, { cause: error });
  }
}

/**
 * Reads a configuration file without caching. A module provides its default export; the modules that it imports are
 * loaded only once per process.
 *
 * @throws {ConfigurationError} when the file cannot be read; names the line of a syntax error where it is known.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const extension = extname(path);
  const content = extension === ".json" || extension === ".yaml" || extension === ".yml" ? await readData(path, extension) : await readModule(path);
  if (isPlainObject(content)) return { path, content };
  throw new ConfigurationError(
    `The configuration file ${path} must contain an object of options` +
      `${extension.endsWith("js") || extension.endsWith("ts") ? " as its default export" : ""}, but contains ${kindOf(content)}.`,
  );
}

async function readData(path: string, extension: string): Promise<unknown> {
  const text = await readText(path);
  try {
    if (extension === ".json") return JSON.parse(text) as unknown;
  } catch (error) {
    // Without the cause, which may quote a secret next to the syntax error.
    const place = /at position \d+(?: \(.*\))?|\(line \d+ column \d+\)|Unexpected end/.exec(messageOf(error))?.[0] ?? "";
    throw new ConfigurationError(`The configuration file ${path} is not valid JSON: there is a syntax error ${place}.`.replace(" .", "."));
  }
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true, stringKeys: true });
  const [mistake] = [...document.errors, ...document.warnings];
  if (mistake === undefined) return toPlain(document, text, path);
  const line = lineAt(text, mistake.pos[0]);
  throw new ConfigurationError(`The configuration file ${path} is not valid YAML: there is a syntax error in line ${line} (${mistake.code}).`);
}

/** Bounds the expansion of aliases: a few lines may expand to more than memory holds. */
function toPlain(document: ReturnType<typeof parseDocument>, text: string, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch {
    // Without the cause: the "alias" may be an unquoted password that begins with *.
    const line = unresolvedLine(document, text);
    throw new ConfigurationError(
      line === null
        ? `The configuration file ${path} cannot be loaded: its aliases expand to too many nodes. Write the values out.`
        : `The configuration file ${path} cannot be loaded: line ${line} has an alias without an anchor. Put text that begins with * in quotes.`,
    );
  }
}

/** The line of the first alias that has no anchor; null where all have one. */
function unresolvedLine(document: ReturnType<typeof parseDocument>, text: string): number | null {
  let line: number | null = null;
  visit(document, (_key, node) => {
    if (!isAlias(node) || node.resolve(document) !== undefined) return undefined;
    line = lineAt(text, node.range?.[0] ?? 0);
    return visit.BREAK;
  });
  return line;
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new ConfigurationError(`The configuration file ${path} cannot be read.`, { cause: error });
  }
}

async function readModule(path: string): Promise<unknown> {
  try {
    // ES modules are cached by URL, CommonJS modules by path. Both must load the current content.
    // Not imported statically: webpack evaluates createRequire() when it builds, and warns that it cannot.
    delete process.getBuiltinModule("node:module").createRequire(path).cache[path];
    const { mtimeNs } = await stat(path, { bigint: true });
    const module = (await importAtRunTime(`${pathToFileURL(path).href}?t=${mtimeNs}`)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
      throw new ConfigurationError(
        `The configuration file ${path} is TypeScript, which this Node.js (${process.version}) does not run without a flag: ` +
          "use 22.18 or newer, start it with --experimental-strip-types, or write the file in JavaScript, JSON or YAML.",
      );
    }
    throw new ConfigurationError(`The configuration file ${path} failed: ${messageOf(error)}`, { cause: error });
  }
}
