/** Migrations: numbered CQL texts, applied in order and never changed after a release. */
import { createHash } from "node:crypto";
import { SchemaError } from "../../model/errors.ts";
import { MIGRATION_FILES } from "./migration-files.ts";
import { quoteIdentifier } from "./statements.ts";

/** A numbered change of the schema. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Checksum of the text, independent of line endings. */
  readonly checksum: string;
  /** Statements in order; each is idempotent and may run concurrently. */
  readonly statements: readonly string[];
}

/** A migration as recorded in a keyspace. */
export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

const FILE_NAME = /^V(\d{3})__([a-z0-9_]+)\.cql$/;
const KEYSPACE = /\{keyspace\}/g;

/** Returns all migrations for a keyspace, in order. */
export function readMigrations(keyspace: string): Migration[] {
  const migrations = Object.entries(MIGRATION_FILES).map(([file, text]) => parseMigration(file, text, keyspace));
  migrations.forEach(({ version, name }, i) => {
    if (version !== i + 1) throw new SchemaError(`Migration V${version} (${name}) should be V${i + 1}: numbers must not have gaps.`);
  });
  return migrations;
}

/** Parses a migration from the name and content of its file. */
export function parseMigration(file: string, content: string, keyspace: string): Migration {
  const [, version, name] = FILE_NAME.exec(file) ?? [];
  if (version === undefined || name === undefined) {
    throw new SchemaError(`Migration file "${file}" must be named like V001__what_it_does.cql.`);
  }
  const text = content.replaceAll("\r\n", "\n");
  const statements = text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("--"))
    .join("\n")
    .replace(KEYSPACE, () => quoteIdentifier(keyspace))
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
  return { version: Number(version), name, checksum: createHash("sha256").update(text).digest("hex"), statements };
}

/**
 * Returns the migrations that a keyspace lacks.
 *
 * @throws {SchemaError} when the keyspace has an unknown migration, or one with another checksum.
 */
export function pendingMigrations(
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
  keyspace: string,
): Migration[] {
  const newest = Math.max(0, ...applied.map(({ version }) => version));
  if (newest > known.length) {
    throw new SchemaError(
      `Keyspace "${keyspace}" has schema version ${newest}, but this version of the package knows only ` +
        `${known.length}: upgrade langgraph-store-scylladb in this process, or use another keyspace.`,
      { details: { stored: newest, known: known.length } },
    );
  }
  const byVersion = new Map(applied.map((migration) => [migration.version, migration]));
  return known.filter(({ version, name, checksum }) => {
    const there = byVersion.get(version);
    if (there !== undefined && there.checksum !== checksum) {
      throw new SchemaError(
        `Migration V${version} (${name}) was applied to keyspace "${keyspace}" with other content (${there.name}, ` +
          `checksum ${there.checksum.slice(0, 12)}…, here ${checksum.slice(0, 12)}…): the schema does not match this ` +
          "version of the package. Use the version that created it, or another keyspace.",
        { details: { version, stored: there.checksum, known: checksum } },
      );
    }
    return there === undefined;
  });
}
