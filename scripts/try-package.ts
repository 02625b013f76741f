/** Uses the built package as a user does, by `import` and by `require`: the worker and the migrations must be found. */
import { createRequire } from "node:module";
import * as byImport from "langgraph-store-scylladb";

const byRequire = createRequire(import.meta.url)("langgraph-store-scylladb") as typeof byImport;

for (const [how, { ScyllaDBStore, SchemaError, ConnectionError }] of Object.entries({ byImport, byRequire })) {
  const store = await ScyllaDBStore.embedded({ path: ":memory:" });
  await store.put(["packed"], "k", { how });
  const item = await store.get(["packed"], "k");
  await store.stop();
  if (item?.value["how"] !== how) throw new Error(`The package does not work ${how}.`);
  const unreachable = ScyllaDBStore.connect({
    cql: { contactPoints: ["127.0.0.1:1"], localDataCenter: "none", keyspace: "none" },
  });
  const error: unknown = await unreachable.then(() => null, (reason: unknown) => reason);
  if (!(error instanceof ConnectionError) || error instanceof SchemaError) throw error;
  console.log(`${how}: ok`);
}
