/** The servers under test, each behind its own network proxy. */
import { startCassandra, type CassandraNode } from "../../servers/cassandra.ts";
import { startQdrant, type LocalQdrant } from "../../servers/qdrant.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import type { StoreOptions } from "../history/config.ts";
import { REQUEST_TIMEOUT_MS, STORE_OPTIONS } from "./settings.ts";

/** A CQL node: its address and the name of the data center. */
export interface CqlAddress {
  readonly host: string;
  readonly port: number;
  readonly localDataCenter: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** The servers and their network proxies. */
export class World implements AsyncDisposable {
  readonly qdrant: LocalQdrant;
  readonly cqlNetwork: TcpProxy;
  readonly qdrantNetwork: TcpProxy;
  readonly #cql: CqlAddress;
  readonly #own: CassandraNode | null;

  private constructor(qdrant: LocalQdrant, cql: CqlAddress, own: CassandraNode | null, networks: readonly [TcpProxy, TcpProxy]) {
    this.qdrant = qdrant;
    this.#cql = cql;
    this.#own = own;
    [this.cqlNetwork, this.qdrantNetwork] = networks;
  }

  /** Starts Qdrant, and a CQL node unless one is given. A given node is neither killed nor paused. */
  static async start(given?: CqlAddress): Promise<World> {
    const starting = [startQdrant(), given === undefined ? startCassandra() : Promise.resolve(null)] as const;
    const [qdrant, own] = await Promise.all(starting).catch(async (error: unknown) => {
      for (const started of await Promise.allSettled(starting)) if (started.status === "fulfilled") await started.value?.stop();
      throw error;
    });
    const { host, port, localDataCenter, credentials } = given ?? (own as CassandraNode);
    const cql = { host, port, localDataCenter, ...(credentials === undefined ? {} : { credentials }) };
    const networks = await Promise.all([TcpProxy.start(cql), TcpProxy.start({ host: "127.0.0.1", port: qdrant.port })]);
    return new World(qdrant, cql, own, networks);
  }

  /** Returns the options of a store on these servers, by default through their network proxies. */
  storeIn(
    keyspace: string,
    qdrantUrl = `http://127.0.0.1:${this.qdrantNetwork.port}`,
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
  ): StoreOptions {
    const { localDataCenter, credentials } = this.#cql;
    const { port } = this.cqlNetwork;
    return {
      kind: "servers",
      options: {
        ...STORE_OPTIONS,
        cql: {
          contactPoints: [`127.0.0.1:${port}`],
          port,
          localDataCenter,
          keyspace,
          requestTimeoutMs,
          ...(credentials === undefined ? {} : { credentials }),
        },
        qdrant: { url: qdrantUrl, requestTimeoutMs },
      },
    };
  }

  /** Stops everything that was started. */
  async stop(): Promise<void> {
    await Promise.all([this.cqlNetwork.stop(), this.qdrantNetwork.stop(), this.qdrant.stop(), this.#own?.stop()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
