/** Stores for tests, each with its own file, or keyspace and collection, deleted at the end of the test. */
import { randomBytes } from "node:crypto";
import { QdrantClient } from "@qdrant/js-client-rest";
import { auth, Client } from "cassandra-driver";
import { ScyllaDBStore, type EmbeddedStoreConfig, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { toEndpoint } from "../../src/backends/qdrant/options.ts";
import type { ServerAddresses } from "../servers/server-addresses.ts";
import { PATIENT, PATIENT_REQUEST_MS } from "./patient.ts";

/** A store, and a function that stops it and deletes its data. */
export interface TestStore {
  readonly store: ScyllaDBStore;
  dispose(): Promise<void>;
}

/** Creates a store with the given options, and {@link PATIENT} limits where they set none. */
export type MakeStore = (options: Omit<EmbeddedStoreConfig, "path">) => Promise<TestStore>;

/** Returns a unique name for keyspaces, collections and namespace roots. */
export function uniqueName(purpose: string): string {
  return `${purpose}_${randomBytes(6).toString("hex")}`;
}

/** Returns a store on its own file. */
export async function makeEmbeddedStore(options: Omit<EmbeddedStoreConfig, "path">): Promise<TestStore> {
  const store = await ScyllaDBStore.embedded({ ...options, limits: { ...PATIENT, ...options.limits }, path: ":memory:" });
  return { store, dispose: () => store.stop() };
}

/** Returns the configuration of a store in its own keyspace on the test servers. */
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

/** As {@link serverConfig}, with time budgets that a busy machine does not exceed. */
export function patientConfig(servers: ServerAddresses, keyspace: string): ScyllaDBStoreConfig {
  const { cql, qdrant } = serverConfig(servers, keyspace);
  return {
    cql: { ...cql, requestTimeoutMs: PATIENT_REQUEST_MS },
    ...(qdrant === undefined ? {} : { qdrant: { ...qdrant, requestTimeoutMs: PATIENT_REQUEST_MS } }),
    limits: PATIENT,
  };
}

/** Creates stores in their own keyspaces and collections on the test servers. */
export function onServers(servers: ServerAddresses): MakeStore {
  return async (options) => {
    const keyspace = uniqueName("test");
    const store = await ScyllaDBStore.connect({ ...patientConfig(servers, keyspace), ...options, limits: { ...PATIENT, ...options.limits } });
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

/** A driver client for tests that read the database directly. */
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

/** Qdrant's client for tests that read Qdrant directly. */
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

/** Drops the keyspace of a test. */
export async function dropKeyspace(servers: ServerAddresses, keyspace: string): Promise<void> {
  await withCql(servers, (client) => client.execute(`DROP KEYSPACE IF EXISTS "${keyspace}"`, [], { readTimeout: 60_000 }));
}

/** Deletes the collections of an alias. */
export async function dropCollections(servers: ServerAddresses, alias: string): Promise<void> {
  const client = qdrantClient(servers);
  const { collections } = await client.getCollections();
  for (const { name } of collections) if (name.startsWith(`${alias}_`)) await client.deleteCollection(name);
}
