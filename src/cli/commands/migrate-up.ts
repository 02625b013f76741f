import { SchemaError } from "../../model/errors.ts";
import { ScyllaDBStore } from "../../scylladb-store.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { loadStoreConfig } from "../open-store.ts";
import { confirm, note, print } from "../terminal.ts";
import { isCurrent, printStatus } from "./migrate-status.ts";

export const migrateUp = command({
  name: "migrate up",
  summary: "Creates what is missing: keyspace, tables and collection, or the file.",
  details: "Safe to run in several processes at the same time, and again. A schema that is newer than this version of the package is rejected.",
  examples: ["migrate up --dry-run", "migrate up --yes"],
  opensStore: true,
  changes: true,
  run: async ({ terminal, flags: { dryRun = false, yes, json, ...flags } }) => {
    const config = await loadStoreConfig(terminal, flags);
    const before = await ScyllaDBStore.schemaStatus(config);
    const newer = before.migrations.find(({ state }) => state === "newer" || state === "changed");
    if (newer !== undefined) {
      throw new SchemaError(`V${newer.version} of ${before.place} is ${newer.state === "newer" ? "newer than this version of the package" : "another migration than this package has"}: upgrade langgraph-store-scylladb. Nothing was changed.`);
    }
    const pending = before.migrations.filter(({ state }) => state === "pending").length;
    if (!dryRun && yes !== true && pending > 0 && !(await confirm(terminal, `Apply ${pending} migrations to ${before.place}?`))) {
      note(terminal, "Nothing was changed.");
      return EXIT.problem;
    }
    // Without pending migrations too: the collection may be missing.
    if (!dryRun) await (await ("cql" in config ? ScyllaDBStore.connect({ ...config, setup: "auto" }) : ScyllaDBStore.embedded(config))).stop();
    const after = dryRun ? before : await ScyllaDBStore.schemaStatus(config);
    if (json === true) await print(terminal, JSON.stringify({ ...after, applied: dryRun ? 0 : pending, dryRun }));
    else await printStatus(terminal, after);
    if (json !== true) note(terminal, dryRun ? `${pending} migrations would be applied. Nothing was changed.` : `${pending} migrations were applied.`);
    return dryRun || isCurrent(after) ? EXIT.ok : EXIT.problem;
  },
});
