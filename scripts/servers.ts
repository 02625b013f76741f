/**
 * `npm run servers`: starts a database and Qdrant for development, prints their addresses, and stops them on Ctrl-C.
 */
import { asEnvironment } from "../test/servers/environment.ts";
import { startServers } from "../test/servers/servers.ts";

// Listen before the start, so that Ctrl-C during the start stops what has already started. Keep the listeners: a dependency
// ends the process at once if it finds no listener but its own.
const interrupted = new Promise<void>((resolve) => {
  process.on("SIGINT", () => resolve());
  process.on("SIGTERM", () => resolve());
});

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const starting = startServers().catch((error: Error) => fail(error.message));
const servers = await Promise.race([starting, interrupted]);
// The watchers of test/servers/ stop servers that are still starting when this process ends.
if (servers === undefined) process.exit(130);
if (servers.source === "environment") {
  fail("TEST_CQL_CONTACT_POINTS and TEST_QDRANT_URL already name servers. Unset them to start new ones.");
}

const { cql, qdrant, source } = servers;
const config = {
  cql: { ...cql, keyspace: "agents" },
  qdrant,
};
console.log(`
Up (${source}). For tests and examples in another terminal:

${asEnvironment(servers)
  .map((line) => `export ${line}`)
  .join("\n")}

A store on these servers:

import { ScyllaDBStore } from "langgraph-store-scylladb";

const store = await ScyllaDBStore.connect(${JSON.stringify(config, undefined, 2)});

Ctrl-C stops them${source === "local" ? " and removes their data" : ""}.
`);

await interrupted;
await servers.stop();
