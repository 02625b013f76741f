import { describe, expect, test } from "vitest";
import { setUpSchema } from "../../src/backends/cql/schema.ts";
import type { CqlSession, Row } from "../../src/backends/cql/session.ts";
import { readMigrations } from "../../src/backends/cql/migrations.ts";
import { statementsFor } from "../../src/backends/cql/statements.ts";
import { PermissionError } from "../../src/model/errors.ts";
import type { Logger } from "../../src/ports/logger.ts";

/** Every table of the migrations except those whose deleted rows must not return. A new table must be added to the setup. */
const DERIVED = readMigrations("agents")
  .flatMap(({ statements }) => statements)
  .flatMap((statement) => /^CREATE TABLE IF NOT EXISTS "agents"\.(\w+)/.exec(statement)?.[1] ?? [])
  .filter((table) => table !== "items" && table !== "settings")
  .sort();

/** The map of a table's extension, as ScyllaDB stores it: numbers and texts with their lengths. */
function extension(options: Readonly<Record<string, string>>): Buffer {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const texts = Object.entries(options).flat();
  const size = number(Object.keys(options).length);
  return Buffer.concat([size, ...texts.flatMap((text) => [number(text.length), Buffer.from(text)])]);
}

/** A session with a keyspace that has every migration; ScyllaDB cannot be run here. */
async function sessionOf(isScylla: boolean, modes: Readonly<Record<string, string>>, refusal: Error | null = null) {
  const changes: string[] = [];
  const applied = readMigrations("agents");
  const rows = async (query: string, params: readonly unknown[]): Promise<readonly Row[]> => {
    if (query.includes("system_schema.keyspaces")) return [{ keyspace_name: "agents" }];
    if (query.includes("schema_migrations")) return applied.map(({ version, name, checksum }) => ({ version, name, checksum }));
    if (query.includes("extensions")) {
      if (!isScylla) throw new Error("Cassandra is not asked for extensions.");
      return [...DERIVED, "items", "settings"].map((table_name) => {
        const mode = modes[table_name];
        return { table_name, extensions: mode === undefined ? null : { tombstone_gc: extension({ mode, propagation_delay_in_seconds: "3600" }) } };
      });
    }
    return params[0] === "system_schema" ? (isScylla ? [{ table_name: "scylla_tables" }] : []) : [{ table_name: params[1] }];
  };
  const changeSchema = async (query: string): Promise<void> => {
    if (refusal !== null) throw refusal;
    changes.push(query);
  };
  return { session: { rows, changeSchema } as unknown as CqlSession, changes };
}

/** Runs the setup and returns its warnings. */
async function setUp(session: CqlSession, mode: "auto" | "never" = "auto"): Promise<string[]> {
  const warnings: string[] = [];
  const logger: Logger = { debug() {}, info() {}, error() {}, warn: (fields, message) => void warnings.push(`${message} ${JSON.stringify(fields)}`) };
  await setUpSchema({ session, statements: statementsFor("agents"), keyspace: "agents", replication: undefined, logger }, mode);
  return warnings;
}

describe("the setup on ScyllaDB", () => {
  test("sets tombstone collection by age on derived tables, and by repair on records", async () => {
    const { session, changes } = await sessionOf(true, {});
    expect(await setUp(session)).toEqual([]);
    expect(changes.sort()).toEqual(DERIVED.map((table) => `ALTER TABLE "agents".${table} WITH tombstone_gc = {'mode':'timeout'}`));
  });

  test("changes only tables with the default mode", async () => {
    const { session, changes } = await sessionOf(true, { audit: "repair", namespaces: "timeout", outbox: "immediate", outbox_slots: "disabled", items_by_creation: "timeout" });
    await setUp(session);
    expect(changes).toEqual([`ALTER TABLE "agents".audit WITH tombstone_gc = {'mode':'timeout'}`]);
  });

  test("logs the missing statements with setup \"never\", and changes nothing", async () => {
    const { session, changes } = await sessionOf(true, {});
    const [warning, ...others] = await setUp(session, "never");
    expect(others).toEqual([]);
    expect(warning).toContain(`ALTER TABLE \\"agents\\".outbox WITH tombstone_gc = {'mode':'timeout'}`);
    expect(changes).toEqual([]);
  });

  test("logs a warning for a role that may not alter tables, and the store starts", async () => {
    const { session } = await sessionOf(true, {}, new PermissionError("no"));
    expect(await setUp(session)).toEqual([expect.stringContaining("ALTER TABLE")]);
  });
});

test("the setup changes no table option on Cassandra, which has no such option", async () => {
  const { session, changes } = await sessionOf(false, {});
  for (const mode of ["auto", "never"] as const) expect(await setUp(session, mode)).toEqual([]);
  expect(changes).toEqual([]);
});
