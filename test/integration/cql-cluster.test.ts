/** Tests that need three nodes. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import type { DriverOptions } from "../../src/backends/cql/driver-options.ts";
import { LAYOUT_LEASE_MS } from "../../src/backends/cql/layouts.ts";
import { isStoreError } from "../../src/model/errors.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { putAll, recordOf } from "../../src/testing/item-repository-suite.ts";
import { startCassandraCluster, type CassandraCluster } from "../servers/cassandra-cluster.ts";
import { uniqueName } from "../support/stores.ts";

let cluster: CassandraCluster | undefined;
beforeAll(async () => {
  cluster = await startCassandraCluster();
}, 900_000);
afterAll(() => cluster?.stop());

function nodes(): CassandraCluster {
  if (cluster === undefined) throw new Error("The cluster did not start.");
  return cluster;
}

/** Returns a backend with one of the nodes as contact point. */
function backendAt(node: number, keyspace: string, profiles: DriverOptions["profiles"] = {}): CqlBackend {
  const { contactPoints, localDataCenter } = nodes();
  const options = { contactPoints: contactPoints.slice(node, node + 1), localDataCenter, keyspace, profiles };
  const backend = new CqlBackend(options, { setup: "auto", logger: silentLogger });
  onTestFinished(() => backend.stop());
  return backend;
}

describe("a cluster of three nodes", () => {
  test("is set up by several processes concurrently, each through another node", async () => {
    for (let round = 0; round < 3; round += 1) {
      const keyspace = uniqueName("test");
      const backends = [0, 1, 2, 0].map((node) => backendAt(node, keyspace));
      await Promise.all(backends.map((backend) => backend.start()));
      const agreed = await Promise.all(backends.map(({ settings }, n) => settings.establish("generation", `of ${n}`)));
      expect(new Set(agreed).size).toBe(1);
      const records = backends.map((_, n) => recordOf("a", `key-${n}`));
      await Promise.all(backends.map(({ items }, n) => putAll(items, records.slice(n, n + 1))));
      for (const { items } of backends) {
        expect((await items.get(records)).map((record) => record?.key)).toEqual(records.map(({ key }) => key));
      }
    }
  });

  test("serves without one node, and reports an error without two", async () => {
    const keyspace = uniqueName("test");
    const backend = backendAt(0, keyspace);
    await backend.start();
    const records = Array.from({ length: 60 }, (_, n) => recordOf(`namespace-${n}`, "key"));
    const weak = backendAt(0, keyspace, { read: { consistency: "ONE" } });
    await weak.start();
    await putAll(backend.items, records.slice(0, 30));
    await backend.settings.readFromAll("item-buckets");
    await nodes().nodes[2]?.kill();
    await expect(backend.settings.readFromAll("item-buckets")).rejects.toMatchObject({ retryable: true });
    await putAll(backend.items, records.slice(30));
    expect((await backend.items.get(records)).filter((record) => record === null)).toEqual([]);
    await nodes().nodes[1]?.kill();
    const [outcome] = await backend.items.put([recordOf("namespace-0", "key")]);
    const reason: unknown = outcome?.status === "rejected" ? outcome.reason : undefined;
    expect(isStoreError(reason) && reason.retryable).toBe(true);
    await expect(backend.items.get(records)).rejects.toMatchObject({ retryable: true });
    // No quorum of the settings either: a process that reads from one replica goes on for longer than a lease.
    const end = Date.now() + 2 * LAYOUT_LEASE_MS;
    while (Date.now() < end) expect((await weak.items.get(records)).filter((record) => record === null)).toEqual([]);
  });
});
