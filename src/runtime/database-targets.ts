/** How databases are named in traces, metrics and alerts. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { ServerConfig } from "../config/schema.ts";
import type { DatabaseTarget } from "../telemetry/observed-calls.ts";
import { endpointOf } from "../telemetry/state.ts";

/** The local file, for traces and metrics. */
export const LOCAL_FILE: DatabaseTarget = { system: "sqlite", namespace: null, address: null, port: null };

/** The CQL database, for traces and metrics. */
export function cqlTarget({ contactPoints, port, keyspace }: ServerConfig["cql"]): DatabaseTarget {
  const [first = null] = contactPoints ?? [];
  const endpoint = first === null ? { serverAddress: null, serverPort: null } : endpointOf(first);
  return { system: "cassandra", namespace: keyspace, address: endpoint.serverAddress, port: endpoint.serverPort ?? port ?? 9_042 };
}

/** Qdrant and the alias of its collection, for traces and metrics. */
export function qdrantTarget({ qdrant, cql }: ServerConfig): readonly [DatabaseTarget, string] {
  const url = qdrant === undefined ? null : new URL(qdrant.url);
  const port = url === null || url.port === "" ? null : Number(url.port);
  return [{ system: "qdrant", namespace: null, address: url?.hostname ?? null, port }, qdrant?.collection ?? cql.keyspace];
}

/** Identifies a store on servers by keyspace and cluster: two clusters may have keyspaces of the same name. */
export function serversIdentity({ keyspace, contactPoints = [], port, localDataCenter }: ServerConfig["cql"]): string {
  return identity(keyspace, JSON.stringify([[...contactPoints].sort(), port ?? null, localDataCenter ?? null]));
}

/** Identifies a store on a local file. */
export function fileIdentity(path: string): string {
  return identity(basename(path), path);
}

/** A name with a hash of the location: alerts must not disclose the location itself. */
function identity(name: string, location: string): string {
  return `${name}@${createHash("sha256").update(location).digest("hex").slice(0, 8)}`;
}
