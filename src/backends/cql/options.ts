/** Options of the CQL backend. */
import type { ConnectionOptions } from "node:tls";
import type { Client } from "cassandra-driver";
import { ConfigurationError, kindOf } from "../../model/errors.ts";
import type { Tls } from "../../ports/tls.ts";
import type { BucketRule } from "./bucket-rules.ts";
import type { DriverOptions } from "./driver-options.ts";
import type { CqlCredentials } from "./credentials.ts";

/** The keyspace of the records, on ScyllaDB, Cassandra or another CQL server. */
export interface CqlOptions extends DriverOptions {
  /**
   * Name of the keyspace: a letter, then up to 47 letters, digits or `_`; case-sensitive. Created if it is missing and `setup`
   * is "auto".
   */
  readonly keyspace: string;
  /** Some nodes of the cluster, "host" or "host:port"; the others are found through them. Not with `client` or `cloud`. */
  readonly contactPoints?: readonly string[];
  /**
   * Port of the nodes.
   * @default the port that all contact points name, or 9042
   */
  readonly port?: number;
  /** The local data center; required without `client` and `cloud`. */
  readonly localDataCenter?: string;
  /** Role for the login. */
  readonly credentials?: CqlCredentials | undefined;
  /** TLS; without it and `ssl`, connections are not encrypted. */
  readonly tls?: Tls | undefined;
  /** TLS options of Node.js, for what `tls` does not offer. Certificates are verified unless `rejectUnauthorized` is false. */
  readonly ssl?: ConnectionOptions;
  /**
   * Replicas in each data center for a new keyspace; an existing keyspace is not changed.
   * @default in the local data center only: 3, or the number of its nodes if smaller
   */
  readonly replication?: Readonly<Record<string, number>>;
  /**
   * A client of the caller, which is neither shut down nor changed. Connection options are not allowed with it.
   */
  readonly client?: Client;
  /**
   * Spreads huge namespaces over several partitions. Once items are stored, `rebucket` changes the partitions first, then this option.
   * @default every namespace is one partition
   */
  readonly buckets?: readonly BucketRule[];
  /**
   * Timeout of a request to one node, in milliseconds; above the server's own timeouts, so that its error arrives. Scans have
   * twice this timeout, schema changes at least 30 s.
   * @default 6000
   */
  readonly requestTimeoutMs?: number;
  /** Name of this client in the server's list of clients. */
  readonly applicationName?: string;
}

/** Whether the start creates and migrates tables, or only verifies them. */
export type SetupMode = "auto" | "never";

const KEYSPACE = /^[A-Za-z][A-Za-z0-9_]{0,47}$/;

/** Connection options, which a client of the caller already has. */
const CONNECTION_OPTIONS = ["contactPoints", "port", "credentials", "tls", "ssl", "cloud", "applicationName"] as const;

/**
 * Validates the options.
 *
 * @throws {ConfigurationError} naming the option and the fix, before any connection is opened.
 */
export function checkOptions(options: CqlOptions): CqlOptions {
  const { keyspace, replication, requestTimeoutMs } = options;
  if (typeof keyspace !== "string" || !KEYSPACE.test(keyspace)) {
    throw new ConfigurationError(
      "cql.keyspace must be a letter followed by at most 47 letters, digits or _, " +
        `but got ${typeof keyspace === "string" ? JSON.stringify(keyspace) : kindOf(keyspace)}.`,
    );
  }
  checkAddress(options);
  for (const [dataCenter, factor] of Object.entries(replication ?? {})) {
    if (!Number.isInteger(factor) || factor < 1) {
      throw new ConfigurationError(
        `cql.replication.${dataCenter} must be a whole number of at least 1, but got ${String(factor)}.`,
      );
    }
  }
  if (replication !== undefined && Object.keys(replication).length === 0) {
    throw new ConfigurationError("cql.replication must name at least one data center, or be omitted.");
  }
  if (requestTimeoutMs !== undefined && !(Number.isInteger(requestTimeoutMs) && requestTimeoutMs > 0)) {
    throw new ConfigurationError(
      `cql.requestTimeoutMs must be a whole number above 0, but got ${String(requestTimeoutMs)}.`,
    );
  }
  return options;
}

/** Requires exactly one way to connect. */
function checkAddress(options: CqlOptions): void {
  const { contactPoints, localDataCenter, client, cloud } = options;
  if (client !== undefined) {
    const extra = CONNECTION_OPTIONS.find((name) => options[name] !== undefined);
    if (extra === undefined) return;
    throw new ConfigurationError(`cql.${extra} and cql.client exclude each other: the client already has its connections.`);
  }
  if (cloud !== undefined) return;
  if (contactPoints === undefined || contactPoints.length === 0) {
    throw new ConfigurationError('cql.contactPoints must name at least one node, such as ["10.0.0.1"].');
  }
  if (localDataCenter === undefined || localDataCenter === "") {
    throw new ConfigurationError(
      'cql.localDataCenter must name the local data center; "SELECT data_center FROM system.local" returns it.',
    );
  }
}
