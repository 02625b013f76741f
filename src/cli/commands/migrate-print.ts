import { ScyllaDBStore } from "../../scylladb-store.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { loadStoreConfig } from "../open-store.ts";
import { print } from "../terminal.ts";

export const migratePrint = command({
  name: "migrate print",
  summary: "Prints the statements that create the schema, for a DBA who applies them by hand.",
  details: "Each statement can be run again. Check the number of replicas in CREATE KEYSPACE. Connects to no server.",
  examples: ["migrate print > schema.cql", "migrate print --set cql.keyspace=agents"],
  opensStore: true,
  changes: false,
  run: async ({ terminal, flags: { json, ...flags } }) => {
    const statements = await ScyllaDBStore.schemaStatements(await loadStoreConfig(terminal, flags));
    if (json === true) await print(terminal, JSON.stringify(statements));
    else for (const statement of statements) await print(terminal, `${statement.trim().replace(/;$/, "")};`);
    return EXIT.ok;
  },
});
