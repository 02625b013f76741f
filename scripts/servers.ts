/**
 * `npm run servers`: keeps a database and a Qdrant up for development until Ctrl-C, and says where they are.
 */
import { asEnvironment } from "../test/servers/environment.ts";
import { startServers } from "../test/servers/servers.ts";

// The wait for a signal comes first: a Ctrl-C during the start must end what has been started so far. The listeners
// stay for good, since a library below ends the process at once when it finds no listener but its own.
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
// What is still starting ends with this process, by the watchers of test/servers/.
if (servers === undefined) process.exit(130);
if (servers.source === "environment") {
  fail("TEST_CQL_CONTACT_POINTS and TEST_QDRANT_URL already name servers: unset them to start others");
}

const { cql, qdrant, source } = servers;
const config = {
  cql: { ...cql, keyspace: "agents" },
  qdrant,
};
console.log(`
Up (${source}). For the tests and examples of another terminal:

${asEnvironment(servers)
  .map((line) => `export ${line}`)
  .join("\n")}

A store on them:

import { ScyllaDBStore } from "langgraph-store-scylladb";

const store = await ScyllaDBStore.connect(${JSON.stringify(config, undefined, 2)});

Ctrl-C ends them${source === "local" ? " and removes their data" : ""}.
`);

await interrupted;
await servers.stop();
