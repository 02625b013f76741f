/**
 * Sets how ScyllaDB collects the tombstones of derived tables. Its default mode, "repair", ignores gc_grace_seconds:
 * without repairs nothing is collected, and reads of these tables pass over more tombstones every day.
 */
import { isStoreError } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import type { CqlSession } from "./session.ts";
import { quoteIdentifier } from "./statements.ts";

/** What the settings of the tables are read and changed with. */
export interface TombstoneGcParts {
  readonly session: CqlSession;
  readonly keyspace: string;
  readonly logger: Logger;
}

/**
 * Tables of which a replica may bring back a removed row without harm. Not `items`: a record that comes back is a
 * deleted memory that is visible again.
 */
const TABLES: ReadonlySet<string> = new Set(["audit", "items_by_creation", "namespaces", "outbox", "outbox_slots"]);

/** Modes that are kept: the one that is wanted, and those that only an operator sets. */
const KEPT_MODES = ["timeout", "immediate", "disabled"];

/** Changes the mode of all tables that have the default one. A role that may not alter them gets a warning. */
export async function setTombstoneGc(parts: TombstoneGcParts): Promise<void> {
  const { session, logger, keyspace } = parts;
  const statements = await missingStatements(parts);
  try {
    for (const statement of statements) await session.changeSchema(statement);
  } catch (error) {
    if (!isStoreError(error) || error.code !== "PERMISSION") throw error;
    return warn(parts, statements);
  }
  if (statements.length > 0) logger.info({ keyspace, statements }, "Set the tombstone collection of ScyllaDB");
}

/** Warns of tables that have the default mode. */
export async function checkTombstoneGc(parts: TombstoneGcParts): Promise<void> {
  const statements = await missingStatements(parts);
  if (statements.length > 0) warn(parts, statements);
}

function warn({ logger, keyspace }: TombstoneGcParts, statements: readonly string[]): void {
  logger.warn(
    { keyspace, statements },
    "ScyllaDB collects the tombstones of these tables only after repairs; run these statements under a role that may alter them",
  );
}

/** The statements that a keyspace lacks; none on Cassandra. */
export async function missingStatements({ session, keyspace }: Pick<TombstoneGcParts, "session" | "keyspace">): Promise<string[]> {
  const tables = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?";
  const isScylla = (await session.rows(tables, ["system_schema", "scylla_tables"], "read")).length > 0;
  if (!isScylla) return [];
  const options = "SELECT table_name, extensions FROM system_schema.tables WHERE keyspace_name = ?";
  const rows = await session.rows(options, [keyspace], "read");
  return rows
    .filter((row) => TABLES.has(row["table_name"] as string) && !isKept(row["extensions"]))
    .map((row) => `ALTER TABLE ${quoteIdentifier(keyspace)}.${row["table_name"] as string} WITH tombstone_gc = {'mode':'timeout'}`);
}

/** @param extensions - bytes by name; those of `tombstone_gc` hold the names and values of its options as text */
function isKept(extensions: unknown): boolean {
  const bytes = (extensions as Readonly<Record<string, unknown>> | null | undefined)?.["tombstone_gc"];
  return Buffer.isBuffer(bytes) && KEPT_MODES.some((mode) => bytes.includes(mode));
}
