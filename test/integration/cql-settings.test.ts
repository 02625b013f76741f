import { inject } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { settingsSuite } from "../../src/testing/settings-suite.ts";
import { dropKeyspace, uniqueName } from "../support/stores.ts";

const servers = inject("servers");

settingsSuite({
  name: "The settings in CQL",
  async create() {
    const keyspace = uniqueName("test");
    const backends = ["auto", "never"].map((setup) => new CqlBackend({ ...servers.cql, keyspace }, { setup: setup as "auto" | "never", logger: silentLogger }));
    for (const backend of backends) await backend.start();
    const [first, second] = backends as [CqlBackend, CqlBackend];
    return {
      settings: first.settings,
      others: second.settings,
      async dispose() {
        await Promise.all(backends.map((backend) => backend.stop()));
        await dropKeyspace(servers, keyspace);
      },
    };
  },
});
