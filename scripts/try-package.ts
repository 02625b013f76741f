/** Uses the built package through `import` and `require`, and verifies that workers and migrations are found. */
import { createRequire } from "node:module";
import * as byImport from "langgraph-store-scylladb";
import * as localByImport from "langgraph-store-scylladb/local-embeddings";

const load = createRequire(import.meta.url);
const byRequire = load("langgraph-store-scylladb") as typeof byImport;
const localByRequire = load("langgraph-store-scylladb/local-embeddings") as typeof localByImport;
const ways = { byImport: { ...byImport, ...localByImport }, byRequire: { ...byRequire, ...localByRequire } };

for (const [how, { ScyllaDBStore, SchemaError, ConnectionError, LocalEmbeddings, LOCAL_EMBEDDINGS_DIMS }] of Object.entries(ways)) {
  const index = { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] };
  const store = await ScyllaDBStore.embedded({ path: ":memory:", index });
  await store.put(["packed"], "k", { how, text: "The user drinks tea" });
  const [item] = await store.search(["packed"], { query: "Which drinks does the user like?" });
  await store.stop();
  if (item?.value["how"] !== how || item.score === undefined) throw new Error(`The package does not work ${how}.`);
  const unreachable = ScyllaDBStore.connect({
    cql: { contactPoints: ["127.0.0.1:1"], localDataCenter: "none", keyspace: "none" },
  });
  const error: unknown = await unreachable.then(() => null, (reason: unknown) => reason);
  if (!(error instanceof ConnectionError) || error instanceof SchemaError) throw error;
  console.log(`${how}: ok`);
}
