/** Sets up a keyspace: creates it and applies missing migrations, or only verifies it. */
import { setTimeout as pause } from "node:timers/promises";
import { ConfigurationError, isStoreError, SchemaError } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import { type AppliedMigration, type Migration, pendingMigrations, readMigrations } from "./migrations.ts";
import { creatingStatements, DEFAULT_FACTOR, statusOf } from "./schema-status.ts";
import type { SchemaStatus } from "../../ports/schema.ts";
import type { SetupMode } from "./options.ts";
import type { CqlSession } from "./session.ts";
import { quoteIdentifier, quoteText, type Statements } from "./statements.ts";
import { checkTombstoneGc, setTombstoneGc } from "./tombstone-gc.ts";

/** Dependencies of the setup. */
export interface SchemaParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  readonly keyspace: string;
  /** Replicas in each data center for a new keyspace; default in `CqlOptions`. */
  readonly replication: Readonly<Record<string, number>> | undefined;
  readonly logger: Logger;
}

/** Marks the rows of this backend in `schema_migrations`. */
const COMPONENT = "cql";

/** Retries, because concurrent setups of several processes may conflict. */
const ATTEMPTS = 10;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Codes of failures for which a retry does not help. */
const FINAL_CODES: readonly string[] = ["SCHEMA", "CONFIGURATION", "PERMISSION", "AUTHENTICATION", "CLOSED"];

const HOW_TO_CREATE = 'start a store once with setup: "auto", under a role that may create keyspaces and tables';

/**
 * Sets up the keyspace in mode "auto", and only verifies it in mode "never". Changes nothing if the schema is complete.
 *
 * @throws {SchemaError} when the keyspace is newer than this code or differs from it; in mode "never" also when a part is
 *   missing.
 */
export async function setUpSchema(parts: SchemaParts, mode: SetupMode): Promise<void> {
  const migrations = readMigrations(parts.keyspace);
  if (mode === "never") return checkSchema(parts, migrations);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await migrate(parts, migrations);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || (isStoreError(error) && FINAL_CODES.includes(error.code))) throw error;
      parts.logger.debug({ attempt, code: isStoreError(error) ? error.code : "unknown" }, "retrying the CQL setup");
      const longest = Math.min(SHORTEST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
      await pause(longest * (0.5 + Math.random() / 2));
    }
  }
}

async function checkSchema(parts: SchemaParts, migrations: readonly Migration[]): Promise<void> {
  const { keyspace } = parts;
  const fix = `and setup is "never": ${HOW_TO_CREATE}.`;
  if (!(await keyspaceExists(parts))) throw new SchemaError(`Keyspace "${keyspace}" does not exist, ${fix}`);
  const missing = pendingMigrations(migrations, await appliedMigrations(parts), keyspace);
  if (missing.length > 0) {
    throw new SchemaError(
      `Keyspace "${keyspace}" has schema version ${migrations.length - missing.length}, this version of the package ` +
        `needs ${migrations.length}, ${fix}`,
      { details: { missing: missing.map(({ version, name }) => `V${version} ${name}`) } },
    );
  }
  await checkTombstoneGc(parts);
}

async function migrate(parts: SchemaParts, migrations: readonly Migration[]): Promise<void> {
  const { session, statements, keyspace, logger } = parts;
  if (!(await keyspaceExists(parts))) await createKeyspace(parts);
  for (const migration of pendingMigrations(migrations, await appliedMigrations(parts), keyspace)) {
    if (!(await migrationsTableExists(parts))) await session.changeSchema(statements.createMigrations);
    for (const statement of migration.statements) await session.changeSchema(statement);
    const { version, name, checksum } = migration;
    await session.write({
      query: statements.recordMigration,
      params: [COMPONENT, version, name, checksum, new Date()],
    });
    logger.info({ keyspace, version, name }, "applied a CQL migration");
  }
  await setTombstoneGc(parts);
}

/** Returns the state of the schema without changing it. */
export async function readSchemaStatus(parts: SchemaParts): Promise<SchemaStatus> {
  const migrations = readMigrations(parts.keyspace);
  return statusOf(parts.keyspace, migrations, (await keyspaceExists(parts)) ? await appliedMigrations(parts) : null);
}

/** Returns the statements that create the keyspace and its tables. */
export async function schemaStatements(parts: Pick<SchemaParts, "keyspace" | "replication" | "statements">, localDataCenter: string | undefined): Promise<string[]> {
  return creatingStatements({ ...parts, localDataCenter }, parts.statements, readMigrations(parts.keyspace), COMPONENT);
}

async function keyspaceExists({ session, keyspace }: SchemaParts): Promise<boolean> {
  const query = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
  return (await session.rows(query, [keyspace], "read")).length > 0;
}

async function migrationsTableExists({ session, keyspace }: SchemaParts): Promise<boolean> {
  const query = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?";
  return (await session.rows(query, [keyspace, "schema_migrations"], "read")).length > 0;
}

async function appliedMigrations(parts: SchemaParts): Promise<AppliedMigration[]> {
  if (!(await migrationsTableExists(parts))) return [];
  const rows = await parts.session.rows(parts.statements.readMigrations, [COMPONENT], "read");
  return rows.map((row) => ({
    version: row["version"] as number,
    name: row["name"] as string,
    checksum: row["checksum"] as string,
  }));
}

async function createKeyspace(parts: SchemaParts): Promise<void> {
  const { session, keyspace, logger } = parts;
  const replication = parts.replication === undefined ? defaultReplication(session) : checkReplication(parts);
  const factors = Object.entries(replication).map(([dataCenter, factor]) => `, ${quoteText(dataCenter)}: ${factor}`);
  await session.changeSchema(
    `CREATE KEYSPACE IF NOT EXISTS ${quoteIdentifier(keyspace)} ` +
      `WITH replication = {'class': 'NetworkTopologyStrategy'${factors.join("")}}`,
  );
  logger.info({ keyspace, replication, chosen: parts.replication !== undefined }, "created the CQL keyspace");
}

/** The smaller of {@link DEFAULT_FACTOR} and the number of local nodes: more replicas than nodes cannot be written. */
function defaultReplication(session: CqlSession): Record<string, number> {
  const dataCenter = session.localDataCenter();
  if (dataCenter === null) {
    throw new ConfigurationError(
      "cql.localDataCenter or cql.replication must be set to create a keyspace in a cluster of several data " +
        `centers: ${session.dataCenters().join(", ")}.`,
    );
  }
  return { [dataCenter]: Math.min(DEFAULT_FACTOR, session.localHosts().length) };
}

function checkReplication({ session, replication = {} }: SchemaParts): Readonly<Record<string, number>> {
  const found = session.dataCenters();
  const unknown = Object.keys(replication).find((dataCenter) => !found.includes(dataCenter));
  if (unknown === undefined) return replication;
  throw new ConfigurationError(
    `cql.replication names the data center ${JSON.stringify(unknown)}, but the cluster has ${found.join(", ")}.`,
    { details: { unknown, found } },
  );
}
