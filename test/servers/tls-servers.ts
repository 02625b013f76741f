import { CertificateAuthority, type KeyPair } from "./certificates.ts";
import { startCassandra, type CassandraNode } from "./cassandra.ts";
import { freePort } from "./free-port.ts";
import { startQdrant, type LocalQdrant } from "./qdrant.ts";
import { TlsProxy, type TlsProxyOptions } from "./tls-proxy.ts";

/** Keys of each Qdrant started here. */
export const QDRANT_KEYS = { full: "full-key-of-the-tests", readOnly: "read-key-of-the-tests" } as const;

/** A Cassandra and two Qdrants that ask for logins, and the certificates of all. */
export interface SecuredServers extends AsyncDisposable {
  readonly authority: CertificateAuthority;
  /** A certificate that every server here accepts of a client. */
  readonly client: KeyPair;
  /** Asks for logins on both of its ports, and for client certificates on that of TLS. */
  readonly cassandra: CassandraNode;
  readonly cassandraTlsPort: number;
  /** Speaks TLS only, and asks for a key and for client certificates. */
  readonly qdrant: LocalQdrant;
  /** Asks for a key, and speaks no TLS. */
  readonly plainQdrant: LocalQdrant;
  /** Stands before a server, with a certificate for these names; stopped with the servers. */
  proxy(names: readonly string[], options: ProxyOptions): Promise<TlsProxy>;
}

/** How a proxy differs from a right one. */
export interface ProxyOptions extends Pick<TlsProxyOptions, "targetPort" | "host" | "port" | "versions"> {
  readonly validity?: "current" | "expired";
}

/** Starts them; each has a certificate for 127.0.0.1 and "localhost". */
export async function startSecuredServers(): Promise<SecuredServers> {
  const authority = await CertificateAuthority.create("Authority of the tests");
  const own = await authority.issue({ names: ["127.0.0.1", "localhost"] });
  const cassandraTlsPort = await freePort();
  const proxies: TlsProxy[] = [];
  const [cassandra, qdrant, plainQdrant] = await Promise.all([
    startCassandra({
      authentication: true,
      heapMb: 512,
      durableSchema: false,
      commitLog: "periodic",
      tls: { port: cassandraTlsPort, ...own, clientCa: authority.cert },
    }),
    startQdrant({ ...apiKeys(), tls: { ...own, ca: authority.cert } }),
    startQdrant(apiKeys()),
  ]);
  return {
    authority,
    client: await authority.issue({ names: ["client of the tests"] }),
    cassandra,
    cassandraTlsPort,
    qdrant,
    plainQdrant,
    async proxy(names, { validity = "current", ...options }) {
      const proxy = await TlsProxy.start({ ...(await authority.issue({ names, validity })), ...options });
      proxies.push(proxy);
      return proxy;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...proxies, cassandra, qdrant, plainQdrant].map((server) => server.stop()));
    },
  };
}

function apiKeys(): { readonly apiKey: string; readonly readOnlyApiKey: string } {
  return { apiKey: QDRANT_KEYS.full, readOnlyApiKey: QDRANT_KEYS.readOnly };
}
