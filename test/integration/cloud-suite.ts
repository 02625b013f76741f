/** A store with a secure connect bundle, as on Astra DB. Call this where secured servers are started. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { CertificateAuthority } from "../servers/certificates.ts";
import { MetadataService } from "../servers/secure-connect-bundle.ts";
import { withCql } from "../support/stores.ts";
import { allowOldTls } from "../support/weak-tls.ts";
import { expectWorks, failureOf, INDEX, rightQdrant, type Servers } from "./tls-harness.ts";

/** Needs secured servers. */
export function cloudSuite(servers: Servers): void {
  let folder: string, service: MetadataService, bundle: string;

  beforeAll(async () => {
    const { authority, client, cassandra } = servers();
    const { contactPoint, localDataCenter, credentials, port } = cassandra;
    const cql = { contactPoints: [contactPoint], localDataCenter, ...(credentials === undefined ? {} : { credentials }) };
    const [local] = await withCql({ ...inject("servers"), cql }, async (admin) => (await admin.execute("SELECT host_id FROM system.local")).rows);
    const proxy = await servers().proxy(["127.0.0.1"], { targetPort: port });
    service = await MetadataService.start({
      authority,
      client,
      proxyAddress: `127.0.0.1:${proxy.port}`,
      localDataCenter,
      hostIds: [String(local?.["host_id"])],
    });
    folder = await mkdtemp(join(tmpdir(), "bundle-"));
    bundle = join(folder, "secure-connect-agents.zip");
    await service.writeBundle(bundle);
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const config = (): ScyllaDBStoreConfig => {
    const { credentials } = servers().cassandra;
    if (credentials === undefined) throw new Error("The secured Cassandra asks for a login.");
    return { cql: { cloud: { secureConnectBundle: bundle }, keyspace: "cloud", credentials }, qdrant: rightQdrant(servers()), index: INDEX };
  };

  test("provides nodes, data center and certificates without contact points", async () => {
    await expectWorks(config());
    await using store = await ScyllaDBStore.connect({ ...config(), setup: "never" });
    expect((await store.get(["tls"], "k"))?.value).toEqual({ text: "green tea" });
  });

  test("with a wrong password is rejected", async () => {
    const { cql } = config();
    const wrong = { cql: { ...cql, credentials: { username: "cassandra", password: "wrong" } } };
    expect(await failureOf(wrong)).toMatchObject({ code: "AUTHENTICATION" });
  });

  test("that does not trust the service is rejected", async () => {
    const other = await CertificateAuthority.create("Another authority");
    await using elsewhere = await MetadataService.start({
      authority: other,
      client: servers().client,
      proxyAddress: "127.0.0.1:1",
      localDataCenter: "datacenter1",
      hostIds: [],
    });
    const path = join(folder, "mixed.zip");
    await elsewhere.writeBundle(path, servers().authority);
    const { cql } = config();
    expect((await failureOf({ cql: { ...cql, cloud: { secureConnectBundle: path } } })).message).not.toContain("password");
  });

  test("never uses an old TLS version, even if Node.js was started with --tls-min-v1.0", async () => {
    allowOldTls();
    const { authority, client, cassandra } = servers();
    const old = await servers().proxy(["127.0.0.1"], { targetPort: cassandra.port, versions: "old" });
    await using elsewhere = await MetadataService.start({
      authority,
      client,
      proxyAddress: `127.0.0.1:${old.port}`,
      localDataCenter: cassandra.localDataCenter,
      hostIds: ["5f0e3d2e-0000-4000-8000-000000000001"],
    });
    const path = join(folder, "old.zip");
    await elsewhere.writeBundle(path);
    const { cql } = config();
    await failureOf({ cql: { ...cql, cloud: { secureConnectBundle: path } } });
    expect(old.clients).toBe(0);
  });
}
