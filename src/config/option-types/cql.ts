// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Secret } from "../../model/secret.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { Client } from "cassandra-driver";
import type { CqlProfilesOptions } from "./cql-profiles.ts";

/** ScyllaDB, Cassandra or Astra DB, which stores the records. */
export interface CqlOptions {
  /**
   * Nodes to start from: "host" or "host:port". Not with `cloud` or `client`.
   *
   * @example ["10.0.0.1","10.0.0.2"]
   */
  contactPoints?: string[] | undefined;
  /**
   * Port of contact points without one; 9042 by default.
   *
   * @example 9042
   */
  port?: number | undefined;
  /**
   * Data center whose nodes serve the operations; `nodetool status` lists it.
   *
   * @example "datacenter1"
   */
  localDataCenter?: string | undefined;
  /** Astra DB. Use an application token as `credentials`: username "token", password "AstraCS:…". */
  cloud?: CqlCloudOptions | undefined;
  /**
   * Keyspace of the store; created at the first start.
   *
   * @example "agents"
   */
  keyspace: string;
  /** Login by name and password; secret references are resolved at each new connection. */
  credentials?: CqlCredentialsOptions | undefined;
  /** TLS; {} trusts the CAs that Node.js trusts. By default connections are not encrypted. */
  tls?: CqlTlsOptions | undefined;
  /** Options of Node's tls.connect(), for settings that `tls` does not have; cannot be combined with `tls`. Certificates are verified unless rejectUnauthorized is false; minVersion is TLSv1.2 or newer. */
  ssl?: Record<string, unknown> | undefined;
  /**
   * Replicas by data center for a new keyspace; by default 3 in the local one, or the number of its nodes if smaller.
   *
   * @example {"datacenter1":3}
   */
  replication?: Record<string, number> | undefined;
  /** Your own driver Client, with its own policies; the store does not shut it down. */
  client?: Client | undefined;
  /**
   * Partitions per namespace, for huge namespaces; the first matching rule applies, and the default is one. To change those of an existing store, use the command rebucket.
   *
   * @default []
   * @example [{"namespace":["logs"],"buckets":16}]
   */
  buckets?: CqlBucketOptions[] | undefined;
  /**
   * Timeout of a request to one node, in milliseconds; keep it above the server's own timeouts.
   *
   * @default 6000
   */
  requestTimeoutMs?: number | undefined;
  /** Consistency and timeout of each kind of request. Below a quorum, a read may miss a write, and the loss of one node may lose an acknowledged write; each start then logs a warning. */
  profiles?: CqlProfilesOptions | undefined;
  /** Connections to the nodes. */
  pooling?: CqlPoolingOptions | undefined;
  /** Sends a request to another node while one is slow; the first answer is used. Applies to reads and writes of data, which are idempotent. Off by default. */
  speculativeExecution?: CqlSpeculativeExecutionOptions | undefined;
}

/** Astra DB. Use an application token as `credentials`: username "token", password "AstraCS:…". */
export interface CqlCloudOptions {
  /**
   * Path of the secure connect bundle (.zip), which holds nodes, data center and certificates.
   *
   * @example "./secure-connect-agents.zip"
   */
  secureConnectBundle: string;
}

/** Login by name and password; secret references are resolved at each new connection. */
export interface CqlCredentialsOptions {
  /**
   * Name of the role: the text itself, or a secret reference.
   *
   * @example "agents"
   */
  username: string | Secret | SecretReference;
  /**
   * Password of the role: the text itself, or a secret reference.
   *
   * @example "vault://secret/agents#password"
   */
  password: string | Secret | SecretReference;
}

/** TLS; {} trusts the CAs that Node.js trusts. By default connections are not encrypted. */
export interface CqlTlsOptions {
  /** Certificates of trusted CAs; by default those of Node.js. PEM text, the path of a file, or a secret reference. */
  ca?: string | undefined;
  /** Client certificate, for servers that require one. PEM text, the path of a file, or a secret reference. */
  cert?: string | undefined;
  /**
   * Private key of the client certificate. PEM text, the path of a file, or a secret reference.
   *
   * @example "env://NAME"
   */
  key?: string | Secret | SecretReference | undefined;
  /**
   * Passphrase of the private key: the text itself, or a secret reference.
   *
   * @example "env://NAME"
   */
  passphrase?: string | Secret | SecretReference | undefined;
  /** Host name that the server's certificate must contain; by default the host of the connection. */
  serverName?: string | undefined;
  /**
   * Whether the server's certificate is verified. Without verification anyone can impersonate the server; each start then logs a warning.
   *
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * Lowest TLS version that is accepted.
   *
   * @default "TLSv1.2"
   */
  minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
}

/** One of `cql.buckets`. */
export interface CqlBucketOptions {
  /**
   * Leading labels of the namespaces that the rule applies to; "*" matches any one label.
   *
   * @example ["users"]
   */
  namespace: string[];
  /** Number of partitions of each matching namespace. */
  buckets: number;
}

/** Connections to the nodes. */
export interface CqlPoolingOptions {
  /**
   * Connections to each node of the local data center; 1 by default.
   *
   * @example 2
   */
  connectionsPerNode?: number | undefined;
  /**
   * Most requests in flight on one connection; 2048 by default. Beyond it, the driver uses another node.
   *
   * @example 2048
   */
  maxRequestsPerConnection?: number | undefined;
  /**
   * Interval of heartbeats on an idle connection, in milliseconds; 30000 by default, 0 disables them.
   *
   * @example 30000
   */
  heartbeatMs?: number | undefined;
  /**
   * Whether all connections are opened at start instead of at first use.
   *
   * @default true
   */
  warmUp?: boolean | undefined;
}

/** Sends a request to another node while one is slow; the first answer is used. Applies to reads and writes of data, which are idempotent. Off by default. */
export interface CqlSpeculativeExecutionOptions {
  /**
   * Time without an answer after which the request goes to the next node too, in milliseconds.
   *
   * @example 100
   */
  delayMs: number;
  /**
   * Most additional nodes for one request.
   *
   * @default 1
   */
  maxExecutions?: number | undefined;
}
