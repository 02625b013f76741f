/**
 * Configures how ScyllaDB collects tombstones of derived tables. Its default mode, "repair", ignores gc_grace_seconds:
 * without repairs no tombstone is collected, and reads of these tables pass more tombstones every day.
 */
import { isStoreError } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import type { CqlSession } from "./session.ts";
import { quoteIdentifier } from "./statements.ts";

/** Dependencies. */
export interface TombstoneGcParts {
  readonly session: CqlSession;
  readonly keyspace: string;
  readonly logger: Logger;
}

/**
 * Tables in which a row resurrected by a replica is harmless. Not `items`: a resurrected record would be a deleted memory
 * that is visible again.
 */
const TABLES: ReadonlySet<string> = new Set(["audit", "items_by_creation", "namespaces", "outbox", "outbox_slots"]);

/** Modes that are not changed: the intended one, and those that only an operator sets. */
const KEPT_MODES = ["timeout", "immediate", "disabled"];

/** Changes the mode of all tables with the default one. Logs a warning if the role may not alter them. */
export async function setTombstoneGc(parts: TombstoneGcParts): Promise<void> {
  const { session, logger, keyspace } = parts;
  const statements = await missingStatements(parts);
  try {
    for (const statement of statements) await session.changeSchema(statement);
  } catch (error) {
    if (!isStoreError(error) || error.code !== "PERMISSION") throw error;
    return warn(parts, statements);
  }
  if (statements.length > 0) logger.info({ keyspace, statements }, "configured the tombstone collection of ScyllaDB");
}

/** Warns of tables with the default mode. */
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

/** Returns the missing statements; none on Cassandra. */
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

/** @param extensions - bytes by name; those of `tombstone_gc` contain the names and values of its options as text */
function isKept(extensions: unknown): boolean {
  const bytes = (extensions as Readonly<Record<string, unknown>> | null | undefined)?.["tombstone_gc"];
  return Buffer.isBuffer(bytes) && KEPT_MODES.some((mode) => bytes.includes(mode));
}
