/** Stores for tests: each with a file, or a keyspace and a collection, of its own, gone when the test is done with it. */
import { randomBytes } from "node:crypto";
import { QdrantClient } from "@qdrant/js-client-rest";
import { auth, Client } from "cassandra-driver";
import { ScyllaDBStore, type EmbeddedStoreConfig, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { toEndpoint } from "../../src/backends/qdrant/options.ts";
import type { ServerAddresses } from "../servers/server-addresses.ts";

/** A store and how to be rid of it and of its data. */
export interface TestStore {
  readonly store: ScyllaDBStore;
  dispose(): Promise<void>;
}

/** Makes a store with the given options. */
export type MakeStore = (options: Omit<EmbeddedStoreConfig, "path">) => Promise<TestStore>;

/** A name that no other test uses: for keyspaces, collections and namespace roots. */
export function uniqueName(purpose: string): string {
  return `${purpose}_${randomBytes(6).toString("hex")}`;
}

/** A store on a file of its own. */
export async function makeEmbeddedStore(options: Omit<EmbeddedStoreConfig, "path">): Promise<TestStore> {
  const store = await ScyllaDBStore.embedded({ ...options, path: ":memory:" });
  return { store, dispose: () => store.stop() };
}

/** Configuration of a store in a keyspace of its own on the test servers. */
export function serverConfig(servers: ServerAddresses, keyspace: string): ScyllaDBStoreConfig {
  return {
    cql: {
      contactPoints: [...servers.cql.contactPoints],
      localDataCenter: servers.cql.localDataCenter,
      keyspace,
      ...(servers.cql.credentials === undefined ? {} : { credentials: servers.cql.credentials }),
    },
    qdrant: { url: servers.qdrant.url, ...(servers.qdrant.apiKey === undefined ? {} : { apiKey: servers.qdrant.apiKey }) },
  };
}

/** Makes stores in keyspaces and collections of their own on the test servers. */
export function onServers(servers: ServerAddresses): MakeStore {
  return async (options) => {
    const keyspace = uniqueName("test");
    const store = await ScyllaDBStore.connect({ ...serverConfig(servers, keyspace), ...options });
    return {
      store,
      async dispose() {
        await store.stop();
        await dropKeyspace(servers, keyspace);
        await dropCollections(servers, keyspace);
      },
    };
  };
}

/** A driver client for tests that look behind the store. */
export async function withCql<T>({ cql }: ServerAddresses, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    contactPoints: [...cql.contactPoints],
    localDataCenter: cql.localDataCenter,
    ...(cql.credentials === undefined
      ? {}
      : { authProvider: new auth.PlainTextAuthProvider(cql.credentials.username, cql.credentials.password) }),
  });
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.shutdown();
  }
}

/** Qdrant's own client for tests that look behind the store. */
export function qdrantClient({ qdrant }: ServerAddresses): QdrantClient {
  const { host, port, https } = toEndpoint(qdrant.url);
  return new QdrantClient({
    host,
    port,
    https,
    checkCompatibility: false,
    ...(qdrant.apiKey === undefined ? {} : { apiKey: qdrant.apiKey }),
  });
}

/** Drops a keyspace that a test made. */
export async function dropKeyspace(servers: ServerAddresses, keyspace: string): Promise<void> {
  await withCql(servers, (client) => client.execute(`DROP KEYSPACE IF EXISTS "${keyspace}"`, [], { readTimeout: 60_000 }));
}

/** Drops the collections that were made under an alias. */
export async function dropCollections(servers: ServerAddresses, alias: string): Promise<void> {
  const client = qdrantClient(servers);
  const { collections } = await client.getCollections();
  for (const { name } of collections) if (name.startsWith(`${alias}_`)) await client.deleteCollection(name);
}
