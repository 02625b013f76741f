import { inject } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { itemRepositorySuite } from "../../src/testing/item-repository-suite.ts";
import { dropKeyspace, uniqueName } from "../support/stores.ts";

const servers = inject("servers");

itemRepositorySuite({
  name: "The CQL repository",
  create: (now) => open([], now),
});

itemRepositorySuite({
  name: "The CQL repository with buckets",
  create: (now) => open([{ namespace: [], buckets: 5 }], now),
});

async function open(buckets: readonly { namespace: string[]; buckets: number }[], now: () => number) {
  const keyspace = uniqueName("test");
  const backend = new CqlBackend({ ...servers.cql, keyspace, buckets }, { setup: "auto", logger: silentLogger, now });
  await backend.start();
  return {
    items: backend.items,
    async dispose() {
      await backend.stop();
      await dropKeyspace(servers, keyspace);
    },
  };
}
