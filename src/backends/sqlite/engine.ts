import type * as sqlite from "node:sqlite";
import { ConfigurationError } from "../../model/errors.ts";

/** The module `node:sqlite`. */
export type Engine = typeof sqlite;

/**
 * Loads the SQLite that is part of the runtime. Not imported statically: a store on servers must load on runtimes and through
 * bundlers that do not know `node:sqlite`.
 *
 * @throws {ConfigurationError} when the runtime has none.
 */
export function loadEngine(
  load: (name: string) => unknown = (name) => process.getBuiltinModule(name),
  runtime = `Node.js ${process.versions.node}`,
): Engine {
  let cause: unknown;
  try {
    const engine = load("node:sqlite");
    if (engine !== undefined && engine !== null) return engine as Engine;
  } catch (error) {
    cause = error;
  }
  throw new ConfigurationError(
    `A store on a local file needs the module node:sqlite, which this runtime (${runtime}) does not have: use Node.js ` +
      "22.13 or later, Deno 2.2 or later, or a Bun that has it. A store on servers (cql) needs no such module.",
    { cause },
  );
}
