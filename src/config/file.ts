/** Reads the configuration file. */
import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isAlias, parseDocument, visit } from "yaml";
import { ConfigurationError, kindOf, messageOf } from "../model/errors.ts";
import { isPlainObject, type ConfigObject } from "./layers.ts";

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs", ".cjs", ".json", ".yaml", ".yml"] as const;

/** Names that are looked for, in the working directory. */
const FILE_NAMES = EXTENSIONS.map((extension) => `scylladb-store.config${extension}`);

/** A configuration file and what it holds. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly content: ConfigObject;
}

/**
 * Finds the configuration file.
 *
 * @param given - its path; absent, it is looked for under {@link FILE_NAMES}
 * @returns its absolute path, or null when none was named and none is there
 * @throws {ConfigurationError} when the one that was named is not there, or several are.
 */
export async function findConfigFile(given: string | undefined, directory: string): Promise<string | null> {
  if (given !== undefined) {
    const path = resolve(directory, given);
    if (await isFile(path)) return path;
    throw new ConfigurationError(`The configuration file ${path} is not there. Give the path of one that is, or none.`);
  }
  const paths = FILE_NAMES.map((name) => resolve(directory, name));
  const areThere = await Promise.all(paths.map(isFile));
  const [path = null, ...others] = paths.filter((_, i) => areThere[i]);
  if (others.length === 0) return path;
  throw new ConfigurationError(
    `There are several configuration files: ${[path, ...others].join(", ")}. Leave one, or say which by SCYLLADB_STORE_CONFIG.`,
  );
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw new ConfigurationError(`The configuration file ${path} cannot be looked at.`, { cause: error });
  }
}

/**
 * Reads a configuration file, anew each time. Of a module its default export counts; what it imports by itself is
 * loaded once only.
 *
 * @throws {ConfigurationError} when it cannot be read, naming the line where a mistake has one.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const extension = extname(path);
  const content = extension === ".json" || extension === ".yaml" || extension === ".yml" ? await readData(path, extension) : await readModule(path);
  if (isPlainObject(content)) return { path, content };
  throw new ConfigurationError(
    `The configuration file ${path} must hold an object of options` +
      `${extension.endsWith("js") || extension.endsWith("ts") ? " as its default export" : ""}, but has ${kindOf(content)}.`,
  );
}

async function readData(path: string, extension: string): Promise<unknown> {
  const text = await readText(path);
  try {
    if (extension === ".json") return JSON.parse(text) as unknown;
  } catch (error) {
    // Without its cause, which may quote a secret that stands beside the mistake.
    const place = /at position \d+(?: \(.*\))?|\(line \d+ column \d+\)|Unexpected end/.exec(messageOf(error))?.[0] ?? "";
    throw new ConfigurationError(`The configuration file ${path} is no JSON: there is a mistake ${place}.`.replace(" .", "."));
  }
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true, stringKeys: true });
  const [mistake] = [...document.errors, ...document.warnings];
  if (mistake === undefined) return toPlain(document, text, path);
  const line = lineAt(text, mistake.pos[0]);
  throw new ConfigurationError(`The configuration file ${path} is no YAML: there is a mistake in line ${line} (${mistake.code}).`);
}

/** A few lines of aliases may stand for more than memory holds; what is built of them is bounded. */
function toPlain(document: ReturnType<typeof parseDocument>, text: string, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch {
    // Without its cause: an alias may be a password that begins with * and is not quoted.
    const line = unresolvedLine(document, text);
    throw new ConfigurationError(
      line === null
        ? `The configuration file ${path} cannot be built: its aliases stand for too much. Write out what they stand for.`
        : `The configuration file ${path} cannot be built: line ${line} has an alias without an anchor. Put a text that begins with * in quotes.`,
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
    // A module is remembered by its address, and one of the older kind by its path: what it was before must not come back.
    delete createRequire(path).cache[path];
    const { mtimeNs } = await stat(path, { bigint: true });
    const module = (await import(`${pathToFileURL(path).href}?t=${mtimeNs}`)) as { readonly default?: unknown };
    return module.default;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
      throw new ConfigurationError(
        `The configuration file ${path} is TypeScript, which this Node.js (${process.version}) does not run by itself: ` +
          "use 22.18 or newer, start it with --experimental-strip-types, or write the file in JavaScript, JSON or YAML.",
      );
    }
    throw new ConfigurationError(`The configuration file ${path} failed: ${messageOf(error)}`, { cause: error });
  }
}
