/** TLS and API keys for Qdrant. */
import { inspect } from "node:util";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { beforeAll, describe, expect, test } from "vitest";
import { CertificateAuthority } from "../servers/certificates.ts";
import { QDRANT_KEYS, type ProxyOptions } from "../servers/tls-servers.ts";
import type { TlsProxy } from "../servers/tls-proxy.ts";
import { allowOldTls, ignoreCertificates } from "../support/weak-tls.ts";
import { expectFailure, expectWorks, failureOf, INDEX, KEYSPACE, recordingLogger, rightCql, rightQdrant, type Servers } from "./tls-harness.ts";

/** Call this where the servers are started. */
export function qdrantTlsSuite(servers: Servers): void {
  type Qdrant = NonNullable<ScyllaDBStoreConfig["qdrant"]>;
  const qdrant = (changes: Partial<Qdrant> = {}): ScyllaDBStoreConfig => ({
    cql: rightCql(servers(), KEYSPACE),
    qdrant: { ...rightQdrant(servers()), ...changes },
    index: INDEX,
  });
  const ca = (): { ca: string } => ({ ca: servers().authority.cert });
  const proxied = (names: readonly string[], options: Partial<ProxyOptions> = {}): Promise<TlsProxy> =>
    servers().proxy(names, { targetPort: servers().plainQdrant.port, ...options });
  const before = ({ port }: { readonly port: number }): Partial<Qdrant> => ({ url: `https://127.0.0.1:${port}`, tls: ca() });

  // Its collection exists afterwards: a failure is still reported as such, not as an outage.
  beforeAll(() => expectWorks(qdrant()));

  test("a connection works with the name in the certificate", async () => {
    const proxy = await proxied(["qdrant.test"]);
    const named = { ...before(proxy), tls: { ...ca(), serverName: "qdrant.test" }, collection: "named" };
    await expectWorks(qdrant(named));
  });

  describe("the error names the cause for", () => {
    test("a wrong key, which it does not show", async () => {
      const error = await failureOf(qdrant({ apiKey: "hunter3-of-the-tests" }));
      expect(error).toMatchObject({ code: "AUTHENTICATION", retryable: false });
      expect(error.message).toContain("qdrant.apiKey");
      expect(inspect(error, { depth: 10 }) + JSON.stringify(error)).not.toContain("hunter3-of-the-tests");
    });

    test("another authority, or none", async () => {
      const { client } = servers();
      const stranger = await CertificateAuthority.create("A stranger");
      for (const tls of [{ ca: stranger.cert, ...client }, undefined]) {
        await expectFailure(qdrant({ tls }), "AUTHENTICATION", "not signed by a trusted CA", "Set qdrant.tls.ca");
      }
    });

    test("an expired certificate", async () => {
      const proxy = await proxied(["127.0.0.1"], { validity: "expired" });
      await expectFailure(qdrant(before(proxy)), "AUTHENTICATION", "has expired", "Renew it");
    });

    test("a certificate for another host", async () => {
      const proxy = await proxied(["elsewhere.test"]);
      await expectFailure(qdrant(before(proxy)), "AUTHENTICATION", "for another host name", "qdrant.url", "qdrant.tls.serverName");
    });

    test("http:// on a TLS port, whether the server sends an alert or closes", async () => {
      const proxy = await proxied(["127.0.0.1"]);
      for (const port of [servers().qdrant.port, proxy.port]) {
        const plain = qdrant({ url: `http://127.0.0.1:${port}`, tls: undefined });
        await expectFailure(plain, "CONNECTION", "expects TLS on this port", "Write https://");
      }
    });

    test("https:// on a plain port", async () => {
      await expectFailure(qdrant(before(servers().plainQdrant)), "CONNECTION", "does not use TLS on this port");
    });

    test("TLS below 1.2", async () => {
      const proxy = await proxied(["127.0.0.1"], { versions: "old" });
      await expectFailure(qdrant(before(proxy)), "CONNECTION", "no TLS version from", "Enable TLS 1.2 or 1.3");
    });

    test("a missing client certificate", async () => {
      await expectFailure(qdrant({ tls: ca() }), "AUTHENTICATION", "requires a client certificate", "Set qdrant.tls.cert");
    });

    test("TLS options with an http:// address", async () => {
      const url = servers().plainQdrant.url;
      await expectFailure(qdrant({ url }), "CONFIGURATION", "qdrant.tls: requires a qdrant.url that begins with https://");
    });
  });

  describe("an impostor receives nothing", () => {
    const bare = ({ port }: TlsProxy): ScyllaDBStoreConfig => qdrant({ url: `https://127.0.0.1:${port}`, tls: undefined });

    test("with NODE_TLS_REJECT_UNAUTHORIZED=0, which each start logs as a warning", async () => {
      ignoreCertificates();
      const proxy = await proxied(["127.0.0.1"]);
      const logger = recordingLogger();
      for (const starts of [1, 2]) {
        await expectFailure({ ...bare(proxy), logger }, "AUTHENTICATION", "not signed by a trusted CA");
        expect(logger.warnings.filter((warning) => warning.includes("NODE_TLS_REJECT_UNAUTHORIZED"))).toHaveLength(starts);
      }
      expect(proxy.clients).toBe(0);
    });

    test("when Node.js was started with --tls-min-v1.0", async () => {
      allowOldTls();
      ignoreCertificates();
      const proxy = await proxied(["127.0.0.1"], { versions: "old" });
      await expectFailure(bare(proxy), "CONNECTION", "no TLS version from");
      expect(proxy.clients).toBe(0);
    });
  });

  test("without verification every certificate is accepted, and each start logs a warning", async () => {
    const proxy = await proxied(["elsewhere.test"], { validity: "expired" });
    const logger = recordingLogger();
    for (const starts of [1, 2]) {
      await expectWorks({ ...qdrant({ ...before(proxy), tls: { verify: false }, collection: "unverified" }), logger });
      expect(logger.warnings.filter((warning) => warning.startsWith("qdrant.tls.verify is false"))).toHaveLength(starts);
    }
  });

  test("a certificate that expires while the store runs degrades searches until it is renewed", async () => {
    const sound = await proxied(["127.0.0.1"]);
    const { port } = sound;
    const breaker = { failures: 1, halfOpenAfterMs: 100 };
    const config = qdrant({ ...before(sound), collection: "expiring", apiKey: QDRANT_KEYS.full });
    await using store = await ScyllaDBStore.connect({ ...config, breaker, retry: { maxAttempts: 1 }, vectorSync: "deferred" });
    await store.put(["tls"], "k", { text: "green tea" });
    await sound.stop();
    const expired = await proxied(["127.0.0.1"], { port, validity: "expired" });
    const found = await store.search(["tls"], { query: "tea" });
    expect([found.length, found.info.mode, found.info.degraded]).toEqual([1, "keyword", true]);
    await expired.stop();
    await proxied(["127.0.0.1"], { port });
    await expect.poll(async () => (await store.search(["tls"], { query: "tea" })).info.mode).toBe("semantic");
  });
}
