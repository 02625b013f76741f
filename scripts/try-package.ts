/** Uses the built package through `import` and `require`, and verifies that workers and migrations are found. */
import { createRequire } from "node:module";
import * as byImport from "langgraph-store-scylladb";
import * as localByImport from "langgraph-store-scylladb/local-embeddings";
import * as mcpByImport from "langgraph-store-scylladb/mcp";
import * as toolsByImport from "langgraph-store-scylladb/tools";

const load = createRequire(import.meta.url);
const byRequire = load("langgraph-store-scylladb") as typeof byImport;
const localByRequire = load("langgraph-store-scylladb/local-embeddings") as typeof localByImport;
const toolsByRequire = load("langgraph-store-scylladb/tools") as typeof toolsByImport;
const mcpByRequire = load("langgraph-store-scylladb/mcp") as typeof mcpByImport;
const ways = {
  byImport: { ...byImport, ...localByImport, ...toolsByImport, ...mcpByImport },
  byRequire: { ...byRequire, ...localByRequire, ...toolsByRequire, ...mcpByRequire },
};

for (const [how, used] of Object.entries(ways)) {
  const { ScyllaDBStore, SchemaError, ConnectionError, LocalEmbeddings, LOCAL_EMBEDDINGS_DIMS, createMemoryTools, createMemoryMiddleware } = used;
  const index = { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] };
  const store = await ScyllaDBStore.embedded({ path: ":memory:", index });
  await store.put(["packed"], "k", { how, text: "The user drinks tea" });
  const [item] = await store.search(["packed"], { query: "Which drinks does the user like?" });
  const [, search] = createMemoryTools({ namespace: ["packed"], store });
  const found = (await search?.invoke({ query: "drinks" })) as string;
  const server = await used.serveHttp({ store, root: ["packed"] }, { token: "token-of-this-trial", port: 0 });
  const { status } = await fetch(server.url, { method: "POST" });
  await server.close();
  await store.stop();
  if (status !== 401) throw new Error(`The MCP server does not work ${how}.`);
  if (!found.includes("drinks tea") || createMemoryMiddleware({ namespace: ["packed"] }).name === "") throw new Error(`The tools do not work ${how}.`);
  if (item?.value["how"] !== how || item.score === undefined) throw new Error(`The package does not work ${how}.`);
  const unreachable = ScyllaDBStore.connect({
    cql: { contactPoints: ["127.0.0.1:1"], localDataCenter: "none", keyspace: "none" },
  });
  const error: unknown = await unreachable.then(() => null, (reason: unknown) => reason);
  if (!(error instanceof ConnectionError) || error instanceof SchemaError) throw error;
  console.log(`${how}: ok`);
}
