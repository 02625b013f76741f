/** Tests that need three nodes. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import { isStoreError } from "../../src/model/errors.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { putAll, recordOf } from "../../src/testing/item-repository-suite.ts";
import { startCassandraCluster, type CassandraCluster } from "../servers/cassandra-cluster.ts";
import { uniqueName } from "../support/stores.ts";

let cluster: CassandraCluster | undefined;
beforeAll(async () => {
  cluster = await startCassandraCluster();
}, 900_000);
afterAll(() => cluster?.stop(), 60_000);

function nodes(): CassandraCluster {
  if (cluster === undefined) throw new Error("The cluster did not start.");
  return cluster;
}

/** Returns a backend with one of the nodes as contact point. */
function backendAt(node: number, keyspace: string): CqlBackend {
  const { contactPoints, localDataCenter } = nodes();
  const options = { contactPoints: contactPoints.slice(node, node + 1), localDataCenter, keyspace };
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
    const backend = backendAt(0, uniqueName("test"));
    await backend.start();
    const records = Array.from({ length: 60 }, (_, n) => recordOf(`namespace-${n}`, "key"));
    await putAll(backend.items, records.slice(0, 30));
    await nodes().nodes[2]?.kill();
    await putAll(backend.items, records.slice(30));
    expect((await backend.items.get(records)).filter((record) => record === null)).toEqual([]);
    await nodes().nodes[1]?.kill();
    const [outcome] = await backend.items.put([recordOf("namespace-0", "key")]);
    const reason: unknown = outcome?.status === "rejected" ? outcome.reason : undefined;
    expect(isStoreError(reason) && reason.retryable).toBe(true);
    await expect(backend.items.get(records)).rejects.toMatchObject({ retryable: true });
  });
});
