/** The tables of the file. */
import { SchemaError } from "../../model/errors.ts";
import { bytesOf, type Connection } from "./connection.ts";
import { GenerationList, tablesOf, type GenerationTables } from "./generation-list.ts";

/** Identifies files of this store among SQLite databases: "LGSS". */
const APPLICATION_ID = 0x4c475353;

/** Version of the tables below. */
export const SCHEMA_VERSION = 6;

/** Version of files that changed the counts of terms in every transaction, before this package was released. */
const VERSION_WITHOUT_CHANGES = 5;

/** Version of files with one generation of the index, before this package was released. */
const VERSION_OF_ONE_GENERATION = 4;

/** Version of files without terms, before this package was released. */
const VERSION_WITHOUT_TERMS = 3;

/** Version of files that were written with `libsql`, before this package was released. */
const LIBSQL_VERSION = 2;

/** In files of {@link LIBSQL_VERSION}, vectors had their own table; the ids of a point's vectors start at its id times this factor. */
const VECTORS_PER_POINT = 65_536;

// Places (of namespaces, see model/namespace-place.ts) and keys are UTF-8 bytes: their order is that of CQL.
// Ids of namespaces and points are never reused (AUTOINCREMENT): other connections remember them.
const NAMESPACES = `
  CREATE TABLE namespaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    place BLOB NOT NULL UNIQUE,
    has_unscored INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX unscored ON namespaces (place) WHERE has_unscored = 1;`;

// The generations of the index that ever had tables. A number is not used again, so that a slow process cannot create a dropped one.
const GENERATIONS = `
  CREATE TABLE generations (number INTEGER PRIMARY KEY, is_dropped INTEGER NOT NULL DEFAULT 0) STRICT;
  INSERT INTO generations (number) VALUES (1);`;

// "terms" has the terms of the item's texts, see term-lists.ts; null for none.
// "vectors" are the vectors of the item, of "dims" numbers each, one after another in single precision. A point is orphaned if it was
// written when no record existed; only a sweep deletes records, and their points with them.
const pointTable = ({ points, orphans }: GenerationTables): string => `
  CREATE TABLE ${points} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    write_id TEXT NOT NULL,
    orphaned INTEGER NOT NULL,
    dims INTEGER NOT NULL,
    vectors BLOB NOT NULL,
    terms BLOB,
    UNIQUE (namespace_id, key)
  ) STRICT;
  CREATE INDEX ${orphans} ON ${points} (id) WHERE orphaned = 1;`;

// How many points have a term; -1 stands for all points with terms.
const termCountTable = ({ termCounts }: GenerationTables): string => `
  CREATE TABLE ${termCounts} (term INTEGER PRIMARY KEY, points INTEGER NOT NULL) STRICT;`;

// Changes of these counts, a row for each transaction: of all points with terms, of each of "terms" (see term-lists.ts), and the terms of all rows so far.
// Ids are never reused: other connections remember them.
const termChangeTable = ({ termChanges }: GenerationTables): string => `
  CREATE TABLE ${termChanges} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    points INTEGER NOT NULL,
    terms BLOB NOT NULL,
    total INTEGER NOT NULL
  ) STRICT;`;

const FIRST = tablesOf(1);

// Only rows with a value are in the listing's index, and it has their expiry, so that it skips deleted and expired rows
// without reading them. Sweeps have indexes of their own, which contain only the rows to delete.
const OTHERS = `
  CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;

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

  CREATE TABLE outbox (
    row INTEGER PRIMARY KEY,
    due_at INTEGER NOT NULL,
    id BLOB NOT NULL,
    batch BLOB NOT NULL,
    UNIQUE (due_at, id)
  ) STRICT;`;

/** The statements that create the tables of a new file, in order. */
export const SCHEMA_STATEMENTS: readonly string[] = [
  NAMESPACES,
  pointTable(FIRST),
  OTHERS,
  termCountTable(FIRST),
  GENERATIONS,
  termChangeTable(FIRST),
  `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`,
];

/** The statements that create the tables of another generation of the index. */
export function generationStatements(generation: number): readonly string[] {
  const tables = tablesOf(generation);
  return [pointTable(tables), termCountTable(tables), termChangeTable(tables)];
}

/**
 * Creates the tables, or converts those of a file that was written with `libsql`. Several processes may do so at the same time:
 * one does it, the others find it done or get SQLITE_BUSY and retry.
 *
 * @param path - path of the file, for messages
 * @throws {SchemaError} when the file is of another version, or of another program.
 */
export function migrate(connection: Connection, path: string): void {
  // Version and owner are read in one transaction: another process may be creating the tables.
  if (connection.transaction("DEFERRED", () => checkedVersion(connection, path)) === SCHEMA_VERSION) return;
  connection.transaction("IMMEDIATE", () => {
    const version = checkedVersion(connection, path);
    if (version === SCHEMA_VERSION) return;
    if (version === LIBSQL_VERSION) convertLibsql(connection);
    if (version === VERSION_WITHOUT_TERMS) connection.exec("ALTER TABLE points ADD COLUMN terms BLOB");
    for (const statement of SCHEMA_STATEMENTS.slice(-missingIn(version))) connection.exec(statement);
    if (version === VERSION_WITHOUT_CHANGES) for (const generation of new GenerationList(connection).existing()) if (generation > 1) connection.exec(termChangeTable(tablesOf(generation)));
  });
}

/** How many of {@link SCHEMA_STATEMENTS}, from the end, a file of a version lacks. */
function missingIn(version: number): number {
  switch (version) {
    case 0:
      return SCHEMA_STATEMENTS.length;
    case VERSION_WITHOUT_CHANGES:
      return 2;
    case VERSION_OF_ONE_GENERATION:
      return 3;
    default:
      // Without terms, and without their counts.
      return 4;
  }
}

/**
 * Reads the version of a file; 0 where it is empty.
 *
 * @throws {SchemaError} when the file is of another version, or of another program.
 */
export function checkedVersion(connection: Connection, path: string): number {
  const version = connection.number("PRAGMA user_version");
  const isOurs =
    version > 0
      ? connection.number("PRAGMA application_id") === APPLICATION_ID
      : connection.number("SELECT count(*) FROM sqlite_master") === 0;
  if (!isOurs) {
    throw new SchemaError(`${path} is a database of another program: configure another path for the store.`);
  }
  if (![0, LIBSQL_VERSION, VERSION_WITHOUT_TERMS, VERSION_OF_ONE_GENERATION, VERSION_WITHOUT_CHANGES, SCHEMA_VERSION].includes(version)) {
    throw new SchemaError(
      `The database file ${path} has schema version ${version}, but this version of the package knows ` +
        `${SCHEMA_VERSION}: ${version > SCHEMA_VERSION ? "upgrade the package in this process" : "it was written by an unreleased version; configure another path"}.`,
    );
  }
  return version;
}

/** Converts the tables of a file that was written with `libsql`: the vectors of a point move into its row. */
function convertLibsql(connection: Connection): void {
  connection.exec(`
    ALTER TABLE namespaces RENAME TO old_namespaces;
    ALTER TABLE points RENAME TO old_points;
    ALTER TABLE vectors RENAME TO old_vectors;
    DROP INDEX unscored;
    DROP INDEX orphans;
    ${NAMESPACES}
    ${pointTable(FIRST)}
    INSERT INTO namespaces (id, place, has_unscored) SELECT id, place, has_unscored FROM old_namespaces;`);
  const add = connection.writer(`
    INSERT INTO points (id, namespace_id, key, version, write_id, orphaned, dims, vectors)
    SELECT id, namespace_id, key, version, write_id, orphaned, ?, ? FROM old_points WHERE id = ?`);
  let point = -1;
  let vectors: Uint8Array[] = [];
  const addPoint = (): void => {
    const [first] = vectors;
    if (first !== undefined) add([first.byteLength / Float32Array.BYTES_PER_ELEMENT, Buffer.concat(vectors), point]);
    vectors = [];
  };
  for (const [id, embedding] of connection.reader("SELECT id, embedding FROM old_vectors ORDER BY id").each([])) {
    const next = Math.floor(Number(id) / VECTORS_PER_POINT);
    if (next !== point) addPoint();
    point = next;
    vectors.push(bytesOf(embedding));
  }
  addPoint();
  connection.exec("DROP TABLE old_vectors; DROP TABLE old_points; DROP TABLE old_namespaces");
}
