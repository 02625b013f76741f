/** How the CQL backend is configured. */
import type { ConnectionOptions } from "node:tls";
import type { Client } from "cassandra-driver";
import { ConfigurationError, kindOf } from "../../model/errors.ts";
import type { Tls } from "../../ports/tls.ts";
import type { BucketRule } from "./bucket-rules.ts";
import type { DriverOptions } from "./driver-options.ts";
import type { CqlCredentials } from "./credentials.ts";

/** Where the records live: a keyspace of ScyllaDB, Cassandra or another server that speaks CQL. */
export interface CqlOptions extends DriverOptions {
  /**
   * Name of the keyspace: a letter, then up to 47 letters, digits or `_`. Case counts. It is created where it is not
   * there and `setup` is "auto".
   */
  readonly keyspace: string;
  /** Some nodes of the cluster, "host" or "host:port"; the others are found through them. Not with `client` or `cloud`. */
  readonly contactPoints?: readonly string[];
  /**
   * Port of the nodes.
   * @default the port that all contact points name, or 9042
   */
  readonly port?: number;
  /** Data centre whose nodes are asked; required without `client` and `cloud`. */
  readonly localDataCenter?: string;
  /** Role to log in as, for servers that ask for one. */
  readonly credentials?: CqlCredentials | undefined;
  /** TLS; absent, and `ssl` too, connections are not encrypted. */
  readonly tls?: Tls | undefined;
  /** TLS as Node.js takes it, for what `tls` does not offer. Verifies unless `rejectUnauthorized` is false. */
  readonly ssl?: ConnectionOptions;
  /**
   * Copies of each record in each data centre, for a keyspace that is created here; one that is there stays as it is.
   * @default in the local data centre only, 3 or the number of its nodes, whichever is less
   */
  readonly replication?: Readonly<Record<string, number>>;
  /**
   * A client of the caller's own, used instead of connecting: it is neither shut down nor changed. The options that say
   * how to connect are then not allowed.
   */
  readonly client?: Client;
  /**
   * Spreads huge namespaces over several partitions. The rules that placed the first item hold for the keyspace.
   * @default every namespace is one partition
   */
  readonly buckets?: readonly BucketRule[];
  /**
   * Longest wait for the answer of one node, in milliseconds; a little above the server's own time-outs, so that its
   * reason comes through. Scans of the whole keyspace get twice as long, changes of the schema at least 30 s.
   * @default 6000
   */
  readonly requestTimeoutMs?: number;
  /** Name by which the server's list of clients shows this one. */
  readonly applicationName?: string;
}

/** Whether start-up may create and migrate tables, or only checks that they are right. */
export type SetupMode = "auto" | "never";

const KEYSPACE = /^[A-Za-z][A-Za-z0-9_]{0,47}$/;

/** The options that say how to connect, which a ready client already knows. */
const CONNECTION_OPTIONS = ["contactPoints", "port", "credentials", "tls", "ssl", "cloud", "applicationName"] as const;

/**
 * Checks the options.
 *
 * @throws {ConfigurationError} naming the option and the fix, before any connection is made.
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
    throw new ConfigurationError("cql.replication must name at least one data centre, or be left out.");
  }
  if (requestTimeoutMs !== undefined && !(Number.isInteger(requestTimeoutMs) && requestTimeoutMs > 0)) {
    throw new ConfigurationError(
      `cql.requestTimeoutMs must be a whole number above 0, but got ${String(requestTimeoutMs)}.`,
    );
  }
  return options;
}

/** There has to be a way to the servers, and only one. */
function checkAddress(options: CqlOptions): void {
  const { contactPoints, localDataCenter, client, cloud } = options;
  if (client !== undefined) {
    const extra = CONNECTION_OPTIONS.find((name) => options[name] !== undefined);
    if (extra === undefined) return;
    throw new ConfigurationError(`cql.${extra} and cql.client exclude each other: the client is connected already.`);
  }
  if (cloud !== undefined) return;
  if (contactPoints === undefined || contactPoints.length === 0) {
    throw new ConfigurationError('cql.contactPoints must name at least one node, such as ["10.0.0.1"].');
  }
  if (localDataCenter === undefined || localDataCenter === "") {
    throw new ConfigurationError(
      'cql.localDataCenter must name the data centre to use; "SELECT data_center FROM system.local" shows it.',
    );
  }
}
