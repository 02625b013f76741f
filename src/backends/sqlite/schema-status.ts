/** The schema version of a file, for the command `migrate status`. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { SchemaMigration, SchemaStatus } from "../../ports/schema.ts";
import { openUnlocked } from "./busy-retries.ts";
import { Connection } from "./connection.ts";
import { checkedVersion, SCHEMA_STATEMENTS, SCHEMA_VERSION } from "./migrations.ts";
import { toFilePath } from "./storage-path.ts";

/**
 * Reads the schema version of a file, which is not created.
 *
 * @throws {SchemaError} when the file is of another program, or of an unreleased version.
 * @throws {UnavailableError} when the file was locked for the entire deadline.
 */
export async function readFileSchema(given: string): Promise<SchemaStatus> {
  const path = toFilePath(given);
  const { exists, stored } = await openUnlocked(path, () => {
    const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
    return { exists: isThere, stored: isThere ? storedVersion(path) : 0 };
  });
  const checksum = createHash("sha256").update(SCHEMA_STATEMENTS.join("\n")).digest("hex");
  const own: SchemaMigration = { version: SCHEMA_VERSION, name: "tables", checksum, state: stored >= SCHEMA_VERSION ? "applied" : "pending" };
  const newer: SchemaMigration[] = stored > SCHEMA_VERSION ? [{ version: stored, name: "unknown", checksum: null, state: "newer" }] : [];
  return { place: path, exists, stored, needed: SCHEMA_VERSION, migrations: [own, ...newer] };
}

function storedVersion(path: string): number {
  const connection = new Connection(path, { readOnly: true });
  try {
    // Version and owner are read in one transaction: another process may be creating the tables.
    return connection.transaction("DEFERRED", () => {
      const version = connection.number("PRAGMA user_version");
      // A newer one is a result here, and no error.
      return version > SCHEMA_VERSION ? version : checkedVersion(connection, path);
    });
  } finally {
    connection.close();
  }
}
