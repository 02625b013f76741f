import { describe, expect, test } from "vitest";
import { type Migration, parseMigration, pendingMigrations, readMigrations } from "../../src/backends/cql/migrations.ts";
import { SchemaError } from "../../src/model/errors.ts";

const TEXT = "-- why; and how\nCREATE TABLE IF NOT EXISTS {keyspace}.a (b int PRIMARY KEY);\n\nDROP TABLE IF EXISTS {keyspace}.c;\n";

function migration(version: number, checksum = `sum ${version}`): Migration {
  return { version, name: `change_${version}`, checksum, statements: [] };
}

describe("a migration file", () => {
  test("is parsed to its number, its name and its statements, without comments", () => {
    expect(parseMigration("V007__a_change.cql", TEXT, "Agents")).toMatchObject({
      version: 7,
      name: "a_change",
      statements: [
        'CREATE TABLE IF NOT EXISTS "Agents".a (b int PRIMARY KEY)',
        'DROP TABLE IF EXISTS "Agents".c',
      ],
    });
  });

  test("has a checksum that ignores line endings and keyspace, and changes with any other text", () => {
    const { checksum } = parseMigration("V001__a.cql", TEXT, "one");
    expect(parseMigration("V001__a.cql", TEXT.replaceAll("\n", "\r\n"), "two").checksum).toBe(checksum);
    expect(parseMigration("V001__a.cql", TEXT.replace("int", "text"), "one").checksum).not.toBe(checksum);
  });

  test("with an invalid name is rejected", () => {
    expect(() => parseMigration("1_a.cql", TEXT, "one")).toThrow(SchemaError);
  });
});

describe("the migrations of the package", () => {
  test("are numbered without gaps, and every statement is idempotent", async () => {
    const migrations = readMigrations("agents");
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, i) => i + 1));
    for (const { statements } of migrations) {
      for (const statement of statements) expect(statement).toContain("IF NOT EXISTS");
    }
  });

  test("use nothing that ScyllaDB rejects with tablets", async () => {
    for (const { statements } of readMigrations("agents")) {
      expect(statements.join("\n")).not.toMatch(/\bcounter\b|MATERIALIZED VIEW|CREATE (CUSTOM )?INDEX/i);
    }
  });
});

describe("the pending migrations of a keyspace", () => {
  const known = [migration(1), migration(2), migration(3)];

  test("are those that were not applied, in order", () => {
    expect(pendingMigrations(known, [], "agents")).toEqual(known);
    expect(pendingMigrations(known, [migration(2), migration(1)], "agents")).toEqual([migration(3)]);
    expect(pendingMigrations(known, known, "agents")).toEqual([]);
  });

  test("of a newer version are an error that names both versions and the fix", () => {
    expect(() => pendingMigrations(known, [...known, migration(4)], "agents")).toThrow(
      /"agents" has schema version 4, .* knows only 3: upgrade/,
    );
  });

  test("with a changed text are an error", () => {
    expect(() => pendingMigrations(known, [migration(1), migration(2, "other")], "agents")).toThrow(
      /V2 \(change_2\) was applied to keyspace "agents" with other content/,
    );
  });
});
