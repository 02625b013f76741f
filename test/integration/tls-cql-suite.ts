/** TLS and logins for CQL. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { auth, Client } from "cassandra-driver";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { askNode } from "../servers/node-client.ts";
import { CertificateAuthority } from "../servers/certificates.ts";
import type { ProxyOptions } from "../servers/tls-servers.ts";
import type { TlsProxy } from "../servers/tls-proxy.ts";
import { allowOldTls, ignoreCertificates } from "../support/weak-tls.ts";
import { expectFailure, expectWorks, failureOf, KEYSPACE, recordingLogger, rightCql, type Servers } from "./tls-harness.ts";

/** Call this where the servers are started. */
export function cqlTlsSuite(servers: Servers): void {
  type Cql = ScyllaDBStoreConfig["cql"];
  const cql = (changes: Partial<Cql> = {}): { cql: Cql } => ({ cql: { ...rightCql(servers(), KEYSPACE), ...changes } });
  const ca = (): { ca: string } => ({ ca: servers().authority.cert });
  const proxied = (names: readonly string[], options: Partial<ProxyOptions> = {}): Promise<TlsProxy> =>
    servers().proxy(names, { targetPort: servers().cassandra.port, ...options });
  const before = ({ port }: { readonly port: number }): Partial<Cql> => ({ contactPoints: [`127.0.0.1:${port}`], tls: ca() });

  beforeAll(() => expectWorks(cql()));

  describe("a connection works", () => {
    test("with certificates and key in files, by the name of a contact point", async () => {
      const { authority, client, cassandraTlsPort } = servers();
      const folder = await mkdtemp(join(tmpdir(), "tls-"));
      onTestFinished(() => rm(folder, { recursive: true }));
      const tls = { ca: join(folder, "ca.pem"), cert: join(folder, "client.pem"), key: join(folder, "client.key") };
      for (const [file, text] of [[tls.ca, authority.cert], [tls.cert, client.cert], [tls.key, client.key]] as const) {
        await writeFile(file, text);
      }
      await expectWorks(cql({ tls, contactPoints: [`localhost:${cassandraTlsPort}`] }));
    });

    test("with an encrypted key, and from TLS 1.3 on", async () => {
      const passphrase = "opens the key";
      const client = await servers().authority.issue({ names: ["another client"], passphrase });
      await expectWorks(cql({ tls: { ...ca(), ...client, passphrase, minVersion: "TLSv1.3" } }));
    });

    test("with the name that all certificates contain", async () => {
      const proxy = await proxied(["cassandra.test"]);
      await expectWorks(cql({ ...before(proxy), tls: { ...ca(), serverName: "cassandra.test" } }));
    });

    test("with the raw options of Node.js, which verify by default", async () => {
      const { client } = servers();
      await expectWorks(cql({ tls: undefined, ssl: { ...ca(), ...client } }));
      await expectFailure(cql({ tls: undefined, ssl: { ...client } }), "AUTHENTICATION", "trusted CA");
    });
  });

  describe("the error names the cause for", () => {
    test("a wrong password, which it does not show", async () => {
      const error = await failureOf(cql({ credentials: { username: "cassandra", password: "hunter2-of-the-tests" } }));
      expect(error).toMatchObject({ code: "AUTHENTICATION", retryable: false });
      expect(error.message).toContain("cql.credentials");
      expect(inspect(error, { depth: 10 }) + JSON.stringify(error)).not.toContain("hunter2-of-the-tests");
    });

    test("another authority, or none", async () => {
      const { client } = servers();
      const stranger = await CertificateAuthority.create("A stranger");
      for (const tls of [{ ca: stranger.cert, ...client }, { ...client }]) {
        await expectFailure(cql({ tls }), "AUTHENTICATION", "not signed by a trusted CA", "Set cql.tls.ca");
      }
    });

    test("an expired certificate", async () => {
      const proxy = await proxied(["127.0.0.1"], { validity: "expired" });
      await expectFailure(cql(before(proxy)), "AUTHENTICATION", "has expired", "Renew it");
    });

    test("a certificate for another host", async () => {
      const proxy = await proxied(["elsewhere.test", "127.0.0.9"]);
      await expectFailure(cql(before(proxy)), "AUTHENTICATION", "for another host name", "cql.contactPoints", "cql.tls.serverName");
    });

    test("a plain client on a TLS port, whether the server resets or closes", async () => {
      const { cassandraTlsPort } = servers();
      const proxy = await proxied(["127.0.0.1"]);
      for (const port of [cassandraTlsPort, proxy.port]) {
        const plain = cql({ contactPoints: [`127.0.0.1:${port}`], tls: undefined });
        await expectFailure(plain, "CONNECTION", "closed the connection before the first answer", "set cql.tls");
      }
    });

    test("TLS on a plain port", async () => {
      await expectFailure(cql(before(servers().cassandra)), "CONNECTION", "does not use TLS on this port");
    });

    test("TLS below 1.2, and a server below minVersion", async () => {
      const proxy = await proxied(["127.0.0.1"], { versions: "old" });
      await expectFailure(cql(before(proxy)), "CONNECTION", "no TLS version from", "Enable TLS 1.2 or 1.3");
    });

    test("a missing client certificate, and one from another authority", async () => {
      await expectFailure(cql({ tls: ca() }), "AUTHENTICATION", "requires a client certificate", "Set cql.tls.cert");
      const stranger = await CertificateAuthority.create("A stranger");
      const refused = await stranger.issue({ names: ["client of a stranger"] });
      const ofStranger = cql({ tls: { ...ca(), ...refused } });
      await expectFailure(ofStranger, "AUTHENTICATION", "client certificate", "cql.tls.cert and cql.tls.key");
    });

    test("unreadable files, and both TLS options together", async () => {
      await expectFailure(cql({ tls: { ca: "/no/such/ca.pem" } }), "CONFIGURATION", "cql.tls.ca", "ENOENT");
      await expectFailure(cql({ ssl: {} }), "CONFIGURATION", "cql.ssl: and cql.tls exclude each other");
    });
  });

  describe("an impostor receives nothing", () => {
    const raw = (ssl: Record<string, unknown>, port: number): ScyllaDBStoreConfig =>
      ({ ...cql({ contactPoints: [`127.0.0.1:${port}`], tls: undefined, ssl }), logger: recordingLogger() });

    test.each([
      ["an option that is undefined", { rejectUnauthorized: undefined }],
      ["no option at all", {}],
    ])("with %s, and with NODE_TLS_REJECT_UNAUTHORIZED=0", async (_, ssl) => {
      ignoreCertificates();
      const proxy = await proxied(["127.0.0.1"], { validity: "expired" });
      await expectFailure(raw({ ...ca(), ...ssl }, proxy.port), "AUTHENTICATION", "has expired");
      await expectFailure(raw(ssl, proxy.port), "AUTHENTICATION", "expired");
      expect(proxy.clients).toBe(0);
    });

    test("when Node.js was started with --tls-min-v1.0, with cql.ssl and with cql.tls", async () => {
      allowOldTls();
      const proxy = await proxied(["127.0.0.1"], { versions: "old" });
      const ssl = { ...ca(), minVersion: undefined, ciphers: "DEFAULT@SECLEVEL=0" };
      await expectFailure(raw(ssl, proxy.port), "CONNECTION", "no TLS version from");
      await expectFailure(cql(before(proxy)), "CONNECTION", "no TLS version from");
      expect(proxy.clients).toBe(0);
    });
  });

  test("without verification every certificate is accepted, and each start logs a warning", async () => {
    const proxy = await proxied(["elsewhere.test"], { validity: "expired" });
    const logger = recordingLogger();
    const unverified = { ...before(proxy), tls: { verify: false } };
    for (const starts of [1, 2]) {
      await expectWorks({ ...cql(unverified), logger });
      expect(logger.warnings.filter((warning) => warning.startsWith("cql.tls.verify is false"))).toHaveLength(starts);
    }
  });

  test("a caller's client that verifies nothing, the driver's default, logs a warning", async () => {
    const { authority, cassandra } = servers();
    const proxy = await proxied(["127.0.0.1"]);
    for (const [sslOptions, warnings] of [[{}, 1], [{ ca: authority.cert, rejectUnauthorized: true }, 0]] as const) {
      const { username = "", password = "" } = cassandra.credentials ?? {};
      const client = new Client({
        contactPoints: [`127.0.0.1:${proxy.port}`],
        localDataCenter: cassandra.localDataCenter,
        authProvider: new auth.PlainTextAuthProvider(username, password),
        sslOptions,
      });
      onTestFinished(() => client.shutdown());
      const logger = recordingLogger();
      await expectWorks({ cql: { client, keyspace: KEYSPACE }, logger });
      expect(logger.warnings.filter((warning) => warning.includes("cql.client is false"))).toHaveLength(warnings);
    }
  });

  describe("a discovered node", () => {
    /** Two proxies for one server at two addresses; the server reports the second as another node. */
    async function secondNode(names: readonly [first: readonly string[], second: readonly string[]]) {
      const [first, second] = names;
      const one = await proxied(first);
      const two = await proxied(second, { host: "127.0.0.2", port: one.port });
      const asAdmin = (statement: string): Promise<boolean> =>
        askNode(servers().cassandra, (client) => client.execute(statement).then(() => true));
      await asAdmin(
        "INSERT INTO system.peers (peer, rpc_address, data_center, rack, host_id, release_version, tokens) VALUES " +
          "('127.0.0.2', '127.0.0.2', 'datacenter1', 'rack1', uuid(), '5.0.4', {'0'})",
      );
      onTestFinished(async () => {
        await asAdmin("DELETE FROM system.peers WHERE peer = '127.0.0.2'");
        await Promise.all([one.stop(), two.stop()]);
      });
      return { port: one.port, two };
    }

    test.each([
      ["its address", ["127.0.0.1"], ["127.0.0.2"], "127.0.0.1"],
      ["a name of the contact points", ["localhost"], ["localhost"], "localhost"],
    ])("is used with a certificate for %s", async (_, first, second, host) => {
      const { port, two } = await secondNode([first, second]);
      const logger = recordingLogger();
      const changes = { ...before({ port }), contactPoints: [`${host}:${port}`] };
      await using store = await ScyllaDBStore.connect({ ...cql(changes), setup: "never", logger });
      await expect.poll(() => store.get(["tls"], "k").then(() => two.clients)).toBeGreaterThan(0);
      expect(logger.warnings).toEqual([]);
    });

    test("is not used with another certificate, and a warning reports it", async () => {
      const { port, two } = await secondNode([["127.0.0.1"], ["elsewhere.test"]]);
      const logger = recordingLogger();
      await using store = await ScyllaDBStore.connect({ ...cql(before({ port })), setup: "never", logger });
      await expect
        .poll(() => store.get(["tls"], "k").then(() => logger.warnings))
        .toEqual([expect.stringMatching(/node of the CQL cluster is not used.*127\.0\.0\.2.*for another host name/)]);
      expect(two.clients).toBe(0);
    });
  });
}
