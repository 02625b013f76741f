import type { SchemaStatus } from "../../ports/schema.ts";
import { ScyllaDBStore } from "../../scylladb-store.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { loadStoreConfig } from "../open-store.ts";
import { tableLines } from "../table.ts";
import { note, print, type Terminal } from "../terminal.ts";

export const migrateStatus = command({
  name: "migrate status",
  summary: "Compares the schema of the keyspace or file with the one that this version needs.",
  details: "Exit code 1 when something is missing, was changed, or is newer than this version of the package. Nothing is changed.",
  examples: ["migrate status", "migrate status --json"],
  opensStore: true,
  changes: false,
  run: async ({ terminal, flags: { json, ...flags } }) => {
    const status = await ScyllaDBStore.schemaStatus(await loadStoreConfig(terminal, flags));
    if (json === true) await print(terminal, JSON.stringify(status));
    else await printStatus(terminal, status);
    return isCurrent(status) ? EXIT.ok : EXIT.problem;
  },
});

/** Whether the schema is exactly the one that this version needs. */
export function isCurrent({ migrations }: SchemaStatus): boolean {
  return migrations.every(({ state }) => state === "applied");
}

/** Prints the migrations, and what to do. */
export async function printStatus(terminal: Terminal, status: SchemaStatus): Promise<void> {
  const { place, exists, stored, needed, migrations } = status;
  const rows = migrations.map(({ version, name, checksum, state }) => [`V${String(version).padStart(3, "0")}`, name, checksum?.slice(0, 12) ?? "-", state]);
  for (const line of tableLines(["version", "name", "checksum", "state"], rows)) await print(terminal, line);
  const states = new Set(migrations.map(({ state }) => state));
  if (!exists) note(terminal, `${place} does not exist. Create it with: migrate up`);
  else if (states.has("newer")) note(terminal, `${place} has schema version ${stored}, newer than ${needed}: upgrade langgraph-store-scylladb.`);
  else if (states.has("changed")) note(terminal, `${place} was created by a package with other migrations: use that package, or another keyspace.`);
  else if (states.has("pending")) note(terminal, `${place} has schema version ${stored}, version ${needed} is needed. Apply it with: migrate up`);
}
