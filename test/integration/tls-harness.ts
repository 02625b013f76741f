/** Stores on secured servers, for the suites of TLS and of roles. */
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { expect } from "vitest";
import type { Logger } from "../../src/ports/logger.ts";
import { QDRANT_KEYS, type SecuredServers } from "../servers/tls-servers.ts";
import { inTime } from "../support/in-time.ts";

/** The secured servers after their start. */
export type Servers = () => SecuredServers;

/** Longest time of a failing start in milliseconds. */
const FAILS_WITHIN_MS = 10_000;
const DIMS = 8;

/** The index of every store of these suites. */
export const INDEX = { dims: DIMS, embeddings: new HashEmbeddings({ dims: DIMS }), fields: ["text"] };

/** The keyspace of the suites of TLS. */
export const KEYSPACE = "tls";

/** Valid options of `cql`. */
export function rightCql(servers: SecuredServers, keyspace: string): ScyllaDBStoreConfig["cql"] {
  const { authority, client, cassandra, cassandraTlsPort } = servers;
  return {
    contactPoints: [`127.0.0.1:${cassandraTlsPort}`],
    localDataCenter: cassandra.localDataCenter,
    keyspace,
    ...(cassandra.credentials === undefined ? {} : { credentials: cassandra.credentials }),
    tls: { ca: authority.cert, ...client },
  };
}

/** Valid options of `qdrant`. */
export function rightQdrant({ authority, client, qdrant }: SecuredServers): NonNullable<ScyllaDBStoreConfig["qdrant"]> {
  return { url: qdrant.url, apiKey: QDRANT_KEYS.full, tls: { ca: authority.cert, ...client } };
}

/** Records the warnings and errors of a store. */
export function recordingLogger(): Logger & { readonly warnings: string[] } {
  const warnings: string[] = [];
  const keep = (fields: object, message: string): void => {
    // On a busy machine, any operation may be slow.
    if (message !== "an operation was slow") warnings.push(`${message} ${JSON.stringify(fields)}`);
  };
  return { warnings, debug: () => undefined, info: () => undefined, warn: keep, error: keep };
}

/** Connects, writes, reads and searches by meaning. */
export async function expectWorks(config: ScyllaDBStoreConfig): Promise<void> {
  await using store = await ScyllaDBStore.connect(config);
  await store.put(["tls"], "k", { text: "green tea" });
  expect((await store.get(["tls"], "k"))?.value).toEqual({ text: "green tea" });
  const found = await store.search(["tls"], { query: "tea" });
  if (config.index !== undefined) expect(found.info.mode).toBe("semantic");
  expect(found).toHaveLength(1);
}

/** Returns the error of a failing start, which must fail soon. */
export async function failureOf(config: ScyllaDBStoreConfig): Promise<Error> {
  const outcome: unknown = await inTime(FAILS_WITHIN_MS, () => ScyllaDBStore.connect(config).catch((error: unknown) => error));
  if (outcome instanceof Error) return outcome;
  if (outcome instanceof ScyllaDBStore) await outcome.stop();
  throw new Error("The store started.");
}

/** Expects a start to fail with an error of this code whose message contains all of these. */
export async function expectFailure(config: ScyllaDBStoreConfig, code: string, ...says: readonly string[]): Promise<void> {
  const error = await failureOf(config);
  expect(error).toMatchObject({ code });
  for (const text of says) expect(error.message).toContain(text);
}
