/** The tables, by numbered steps. A step that was released is never changed; a new one is added. */
import { SchemaError } from "../../model/errors.ts";
import type { Connection } from "./connection.ts";

/** Marks our files among all SQLite databases: "LGSS". */
const APPLICATION_ID = 0x4c475353;

/** Shift between the id of a point and those of its vectors, which follow one another so that a scan reads in order. */
export const VECTORS_PER_POINT = 65_536;

/** `STEPS[i]` leads from version i to version i + 1. */
const STEPS: readonly string[] = [
  // Places (of namespaces, see model/namespace-place.ts) and keys are UTF-8 bytes: a NUL would cut text short, and the order of
  // bytes is that of CQL.
  // Only rows with a value are in the listing's index, and it has their expiry, so that it skips both kinds of dead row
  // without reading them. What a sweep looks for has indexes of its own, which are as small as what is to be swept. A point
  // is orphaned if it was written where no record was; only a sweep removes records, and their points with them.
  `
  CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;

  CREATE TABLE namespaces (
    id INTEGER PRIMARY KEY,
    place BLOB NOT NULL UNIQUE,
    has_unscored INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX unscored ON namespaces (place) WHERE has_unscored = 1;

  CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    namespace_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL,
    write_id TEXT NOT NULL,
    has_value INTEGER NOT NULL,
    expires_at INTEGER,
    record BLOB NOT NULL,
    UNIQUE (namespace_id, key)
  ) STRICT;
  CREATE INDEX items_by_creation ON items (namespace_id, created, key, expires_at) WHERE has_value = 1;
  CREATE INDEX items_by_end ON items (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX markers ON items (version) WHERE has_value = 0;

  CREATE TABLE points (
    id INTEGER PRIMARY KEY,
    namespace_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    write_id TEXT NOT NULL,
    orphaned INTEGER NOT NULL,
    UNIQUE (namespace_id, key)
  ) STRICT;
  CREATE INDEX orphans ON points (id) WHERE orphaned = 1;
  CREATE TABLE vectors (id INTEGER PRIMARY KEY, embedding BLOB NOT NULL) STRICT;
  `,
  // The index that makes a batch unique is also the order in which batches fall due.
  `
  CREATE TABLE outbox (
    row INTEGER PRIMARY KEY,
    due_at INTEGER NOT NULL,
    id BLOB NOT NULL,
    batch BLOB NOT NULL,
    UNIQUE (due_at, id)
  ) STRICT;
  `,
];

/**
 * Brings the file to this version's tables. Several processes may do so at once: one does it, the others find it done
 * or get SQLITE_BUSY and come again.
 *
 * @param path - path of the file, for messages
 * @throws {SchemaError} when the file is of a newer version, or is not ours.
 */
export function migrate(connection: Connection, path: string): void {
  // Both facts from one snapshot: the tables that another process makes in between would look like another program's.
  if (connection.transaction("DEFERRED", () => checkedVersion(connection, path)) === STEPS.length) return;
  connection.transaction("IMMEDIATE", () => {
    // Read again under the lock: another process may have been faster.
    for (const step of STEPS.slice(checkedVersion(connection, path))) connection.exec(step);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    connection.exec(`PRAGMA user_version = ${STEPS.length}`);
  });
}

function checkedVersion(connection: Connection, path: string): number {
  const version = connection.number("PRAGMA user_version");
  const isOurs =
    version > 0
      ? connection.number("PRAGMA application_id") === APPLICATION_ID
      : connection.number("SELECT count(*) FROM sqlite_master") === 0;
  if (!isOurs) {
    throw new SchemaError(`${path} is a database of another program: give the store a path of its own.`);
  }
  if (version > STEPS.length) {
    throw new SchemaError(
      `The database file ${path} has schema version ${version}, but this version of the package knows ` +
        `${STEPS.length}: upgrade the package in this process.`,
    );
  }
  return version;
}

/**
 * Checks that the vectors stored are as long as those to come.
 *
 * @throws {SchemaError} naming both lengths.
 */
export function checkDims(connection: Connection, path: string, dims: number): void {
  const stored = connection.reader("SELECT length(embedding) / 4 FROM vectors LIMIT 1").first([])?.[0];
  if (stored === undefined || stored === dims) return;
  throw new SchemaError(
    `The vectors in ${path} have ${String(stored)} numbers, but the index is configured for ${dims}: configure the ` +
      "model that they were made with, or give the store another path and put the items again.",
  );
}
