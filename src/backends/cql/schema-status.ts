/** The state of the schema of a keyspace, and the statements that create it, for the commands `migrate status` and `migrate print`. */
import type { SchemaMigration, SchemaStatus } from "../../ports/schema.ts";
import type { AppliedMigration, Migration } from "./migrations.ts";
import { quoteIdentifier, quoteText, type Statements } from "./statements.ts";

/** Default replication factor: LOCAL_QUORUM survives the failure of one node. */
export const DEFAULT_FACTOR = 3;

/** Compares what was applied with what is known; null for a keyspace that does not exist. */
export function statusOf(keyspace: string, known: readonly Migration[], applied: readonly AppliedMigration[] | null): SchemaStatus {
  const byVersion = new Map((applied ?? []).map((migration) => [migration.version, migration]));
  const migrations = known.map(({ version, name, checksum }): SchemaMigration => {
    const stored = byVersion.get(version);
    return { version, name, checksum, state: stored === undefined ? "pending" : stored.checksum === checksum ? "applied" : "changed" };
  });
  const newer = [...byVersion.values()].filter(({ version }) => version > known.length).sort((a, b) => a.version - b.version);
  return {
    place: keyspace,
    exists: applied !== null,
    stored: Math.max(0, ...byVersion.keys()),
    needed: known.length,
    migrations: [...migrations, ...newer.map((migration): SchemaMigration => ({ ...migration, state: "newer" }))],
  };
}

/** The statements that create a keyspace with everything in it. */
export function creatingStatements(
  options: { readonly keyspace: string; readonly replication: Readonly<Record<string, number>> | undefined; readonly localDataCenter: string | undefined },
  statements: Statements,
  migrations: readonly Migration[],
  component: string,
): string[] {
  const { keyspace, replication, localDataCenter = "datacenter1" } = options;
  const factors = Object.entries(replication ?? { [localDataCenter]: DEFAULT_FACTOR });
  const text = factors.map(([dataCenter, factor]) => `, ${quoteText(dataCenter)}: ${factor}`).join("");
  return [
    `CREATE KEYSPACE IF NOT EXISTS ${quoteIdentifier(keyspace)} WITH replication = {'class': 'NetworkTopologyStrategy'${text}}`,
    statements.createMigrations,
    ...migrations.flatMap(({ version, name, checksum, statements: own }) => [
      ...own,
      `INSERT INTO ${quoteIdentifier(keyspace)}.schema_migrations (component, version, name, checksum, applied_at) ` +
        `VALUES (${quoteText(component)}, ${version}, ${quoteText(name)}, ${quoteText(checksum)}, toTimestamp(now()))`,
    ]),
  ];
}
