/** Verifies that the package installs no native module, and uses it, built, through `import` and `require`. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
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

/** Largest packed package, bytes: one that is much larger contains something by mistake. */
const MAX_PACKED_BYTES = 3_000_000;

const root = fileURLToPath(new URL("..", import.meta.url));
const npm = (...args: string[]): string => execFileSync("npm", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

// `npm ls` exits with 1 for optional peers that are absent or of another version; they are not installed with the package.
const installed = npm("ls", "--omit=dev", "--omit=peer", "--all", "--parseable").trim().split("\n").slice(1);
const native = installed.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => !file.includes("node_modules") && /(\.node|binding\.gyp)$/.test(file))
    .map((file) => `${folder}/${file}`),
);
if (installed.length === 0 || native.length > 0) throw new Error(`Native modules among ${installed.length} packages: ${native.join(", ")}`);
console.log(`native modules: none in the ${installed.length} packages that are installed`);

const [{ size = Number.NaN } = {}] = JSON.parse(npm("pack", "--dry-run", "--json", "--ignore-scripts")) as { readonly size?: number }[];
if (!(size > 0 && size <= MAX_PACKED_BYTES)) throw new Error(`The packed package has ${size} bytes; at most ${MAX_PACKED_BYTES} are expected.`);
console.log(`packed: ${(size / 1_000_000).toFixed(1)} MB`);

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
