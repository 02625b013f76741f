import { Client } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { CqlBackend, type CqlOptions, type SetupMode } from "../../src/backends/cql/index.ts";
import { ConfigurationError, ConnectionError, SchemaError } from "../../src/model/errors.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { recordOf } from "../../src/testing/item-repository-suite.ts";
import { spyOnStatements } from "../support/statements.ts";
import { dropKeyspace, uniqueName } from "../support/stores.ts";

const servers = inject("servers");

/** Existing migrations. */
const MIGRATIONS = 3;

/** Reads the database directly; also passed to the backend as the caller's client. */
const client = new Client({ ...servers.cql, protocolOptions: { port: Number(servers.cql.contactPoints[0]?.split(":").at(-1)) } });
beforeAll(() => client.connect());
afterAll(() => client.shutdown());

/** Returns the name of a keyspace that is dropped when the test ends. */
function newKeyspace(): string {
  const keyspace = uniqueName("test");
  onTestFinished(() => dropKeyspace(servers, keyspace));
  return keyspace;
}

/** Returns a backend that is stopped when the test ends. */
function backendOf(options: Partial<CqlOptions> & { keyspace: string }, setup: SetupMode = "auto"): CqlBackend {
  const connection = options.client === undefined ? servers.cql : {};
  const backend = new CqlBackend({ ...connection, ...options }, { setup, logger: silentLogger });
  onTestFinished(() => backend.stop());
  return backend;
}

async function started(options: Partial<CqlOptions> & { keyspace: string }, setup?: SetupMode): Promise<CqlBackend> {
  const backend = backendOf(options, setup);
  await backend.start();
  return backend;
}

describe("several processes set up a new keyspace concurrently", () => {
  test.each([1, 2, 3])("round %d: all are ready, and agree on the settings", async () => {
    const keyspace = newKeyspace();
    const backends = [1, 2, 3, 4].map(() => backendOf({ keyspace }));
    await Promise.all(backends.map((backend) => backend.start()));
    const agreed = await Promise.all(backends.map(({ settings }, n) => settings.establish("generation", `of ${n}`)));
    expect(new Set(agreed).size).toBe(1);
    const [first, , , last] = backends;
    const record = recordOf("a", "key");
    expect(await first?.items.put([record])).toMatchObject([{ status: "fulfilled" }]);
    expect(await last?.items.get([record])).toMatchObject([{ writeId: record.writeId }]);
    const applied = await client.execute(`SELECT version FROM "${keyspace}".schema_migrations`);
    expect(applied.rowLength).toBe(MIGRATIONS);
  });
});

describe("a keyspace", () => {
  async function replicationOf(keyspace: string): Promise<Record<string, string>> {
    const query = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?";
    const { replication } = (await client.execute(query, [keyspace], { prepare: true })).first();
    return replication as Record<string, string>;
  }

  test("has one replica on each local node, at most three, which is logged", async () => {
    const keyspace = newKeyspace();
    const info = vi.fn();
    const backend = new CqlBackend({ ...servers.cql, keyspace }, { setup: "auto", logger: { ...silentLogger, info } });
    onTestFinished(() => backend.stop());
    await backend.start();
    const { localDataCenter } = servers.cql;
    const nodes = client.hosts.values().filter(({ datacenter }) => datacenter === localDataCenter).length;
    const copies = Math.min(3, nodes);
    expect(await replicationOf(keyspace)).toMatchObject({
      class: "org.apache.cassandra.locator.NetworkTopologyStrategy",
      [localDataCenter]: String(copies),
    });
    const replication = { [localDataCenter]: copies };
    expect(info).toHaveBeenCalledWith({ keyspace, replication, chosen: false }, expect.any(String));
  });

  test("has the configured replication, and is not changed after its creation", async () => {
    const keyspace = newKeyspace();
    await started({ keyspace, replication: { [servers.cql.localDataCenter]: 1 } });
    await started({ keyspace, replication: { elsewhere: 3 } });
    const replication = await replicationOf(keyspace);
    expect(replication).toMatchObject({ [servers.cql.localDataCenter]: "1" });
    expect(replication).not.toHaveProperty("elsewhere");
  });

  test("is not created for a missing data center", async () => {
    const keyspace = newKeyspace();
    const backend = backendOf({ keyspace, replication: { elsewhere: 1 } });
    await expect(backend.start()).rejects.toThrow(ConfigurationError);
    await expect(backend.start()).rejects.toThrow(`"elsewhere", but the cluster has ${servers.cql.localDataCenter}`);
  });

  test("keeps upper and lower case of its name", async () => {
    const keyspace = `${newKeyspace()}_Case`;
    onTestFinished(() => dropKeyspace(servers, keyspace));
    await started({ keyspace });
    expect(await replicationOf(keyspace)).toBeDefined();
  });
});

describe("an existing keyspace", () => {
  test("is used without any schema change, in either mode", async () => {
    const keyspace = newKeyspace();
    await started({ keyspace });
    const execute = spyOnStatements(client);
    for (const setup of ["auto", "never"] as const) await started({ keyspace, client }, setup);
    const queries = execute.mock.calls.map(([query]) => query);
    expect(queries.length).toBeGreaterThan(0);
    expect(queries.filter((query) => /^\s*(CREATE|ALTER|DROP)/i.test(query))).toEqual([]);
  });

  test("of a newer version is rejected in either mode, naming both versions", async () => {
    const keyspace = newKeyspace();
    await started({ keyspace });
    await client.execute(
      `INSERT INTO "${keyspace}".schema_migrations (component, version, name, checksum) VALUES ('cql', 999, 'later', 'x')`,
    );
    for (const setup of ["auto", "never"] as const) {
      const starting = backendOf({ keyspace }, setup).start();
      await expect(starting).rejects.toThrow(SchemaError);
      await expect(starting).rejects.toThrow(/schema version 999, .* knows only \d+: upgrade/);
    }
  });

  test("with a changed migration is rejected", async () => {
    const keyspace = newKeyspace();
    await started({ keyspace });
    await client.execute(
      `UPDATE "${keyspace}".schema_migrations SET checksum = 'other' WHERE component = 'cql' AND version = 1`,
    );
    await expect(backendOf({ keyspace }).start()).rejects.toThrow(/V1 .* was applied .* with other content/);
  });

  test("is rejected under other bucket rules, naming old and new", async () => {
    const keyspace = newKeyspace();
    const buckets = [{ namespace: ["logs"], buckets: 4 }];
    await started({ keyspace, buckets });
    await started({ keyspace, buckets });
    const starting = backendOf({ keyspace }).start();
    await expect(starting).rejects.toThrow(SchemaError);
    await expect(starting).rejects.toThrow(/\[\{"namespace":\["logs"\],"buckets":4\}\], but cql\.buckets is \[\]/);
  });
});

describe('setup: "never"', () => {
  test("names what is missing and the option that creates it, and creates nothing", async () => {
    const keyspace = newKeyspace();
    const starting = backendOf({ keyspace }, "never").start();
    await expect(starting).rejects.toThrow(SchemaError);
    await expect(starting).rejects.toThrow(/does not exist, and setup is "never": .*setup: "auto"/);
    await client.execute(
      `CREATE KEYSPACE "${keyspace}" WITH replication = {'class': 'NetworkTopologyStrategy', '${servers.cql.localDataCenter}': 1}`,
    );
    await expect(backendOf({ keyspace }, "never").start()).rejects.toThrow(/schema version 0, .* needs \d+/);
    const tables = await client.execute(`SELECT * FROM system_schema.tables WHERE keyspace_name = '${keyspace}'`);
    expect(tables.rowLength).toBe(0);
  });
});

describe("connecting", () => {
  test("to a missing data center names the existing ones", async () => {
    const starting = backendOf({ keyspace: newKeyspace(), localDataCenter: "nowhere" }).start();
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow(
      `cql.localDataCenter is "nowhere", but the data centers of the cluster are "${servers.cql.localDataCenter}"`,
    );
  });

  test("to a closed port is a ConnectionError that names the address", async () => {
    const backend = backendOf({ keyspace: newKeyspace(), contactPoints: ["127.0.0.1:1"] });
    await expect(backend.start()).rejects.toThrow(ConnectionError);
    await expect(backend.start()).rejects.toThrow("127.0.0.1:1");
  });

  test("with the caller's client leaves the client open and its keyspace unchanged", async () => {
    const keyspace = newKeyspace();
    for (const encoding of [{}, { useBigIntAsLong: true }]) {
      const own = new Client({ ...servers.cql, keyspace: "system", encoding });
      onTestFinished(() => own.shutdown());
      const backend = await started({ keyspace, client: own });
      const record = recordOf("a", "key");
      expect(await backend.items.put([record])).toMatchObject([{ status: "fulfilled" }]);
      const page = await backend.items.list({ namespace: "a", order: "oldest", after: null, limit: 5 });
      expect(page.records).toMatchObject([{ created: record.created, version: record.version }]);
      await backend.stop();
      expect(own.keyspace).toBe("system");
      expect((await own.execute("SELECT key FROM local")).rowLength).toBe(1);
      await client.execute(`TRUNCATE "${keyspace}".items`);
      await client.execute(`TRUNCATE "${keyspace}".items_by_creation`);
    }
  });

  test("with a client rejects connection options", () => {
    const { contactPoints } = servers.cql;
    expect(() => new CqlBackend({ keyspace: "a", client, contactPoints }, { setup: "auto", logger: silentLogger })).toThrow(
      /cql\.contactPoints and cql\.client exclude each other/,
    );
  });

  test("works again after a stop", async () => {
    const backend = await started({ keyspace: newKeyspace() });
    await backend.start();
    await backend.stop();
    await backend.stop();
    await backend.start();
    expect(await backend.items.get([{ namespace: "a", key: "none" }])).toEqual([null]);
  });
});
