// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Secret } from "../../model/secret.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { Client } from "cassandra-driver";
import type { CqlProfilesOptions } from "./cql-profiles.ts";

/** ScyllaDB, Cassandra or Astra DB: the records. */
export interface CqlOptions {
  /**
   * Nodes to start from: "host" or "host:port". Not with `cloud` or `client`.
   *
   * @example ["10.0.0.1","10.0.0.2"]
   */
  contactPoints?: string[] | undefined;
  /**
   * Port of contact points that name none; 9042 by default.
   *
   * @example 9042
   */
  port?: number | undefined;
  /**
   * Data centre whose nodes serve the operations; `nodetool status` shows it.
   *
   * @example "datacenter1"
   */
  localDataCenter?: string | undefined;
  /** Astra DB. With `credentials` of an application token: username "token", password "AstraCS:…". */
  cloud?: CqlCloudOptions | undefined;
  /**
   * Keyspace of the store; made at the first start.
   *
   * @example "agents"
   */
  keyspace: string;
  /** Login by name and password, of the moment at each new connection. */
  credentials?: CqlCredentialsOptions | undefined;
  /** TLS; {} trusts the authorities that Node.js trusts. Left out, nothing is encrypted. */
  tls?: CqlTlsOptions | undefined;
  /** TLS as the options of Node's tls.connect(), for what `tls` does not offer; not with `tls`. Certificates are verified unless rejectUnauthorized is false; minVersion is TLSv1.2 or newer. */
  ssl?: Record<string, unknown> | undefined;
  /**
   * Replicas by data centre; by default the lesser of 3 and the number of local nodes.
   *
   * @example {"datacenter1":3}
   */
  replication?: Record<string, number> | undefined;
  /** A driver Client of your own, with its own policies; it is never shut down by the store. */
  client?: Client | undefined;
  /**
   * Partitions of a huge namespace; the first rule that fits wins, otherwise it has one.
   *
   * @default []
   * @example [{"namespace":["logs"],"buckets":16}]
   */
  buckets?: CqlBucketOptions[] | undefined;
  /**
   * Longest wait for the answer of one node, in milliseconds; a little above the server's own time-outs.
   *
   * @default 6000
   */
  requestTimeoutMs?: number | undefined;
  /** How each kind of operation is asked for. Reads and writes that need fewer replicas than a quorum may not see each other, and an acknowledged write may be lost with one node; each start then warns. */
  profiles?: CqlProfilesOptions | undefined;
  /** Connections to the nodes. */
  pooling?: CqlPoolingOptions | undefined;
  /** Asks another node while one is slow; the first answer counts. For reads and writes of data, which may all be done twice without harm. Left out, one node is asked at a time. */
  speculativeExecution?: CqlSpeculativeExecutionOptions | undefined;
}

/** Astra DB. With `credentials` of an application token: username "token", password "AstraCS:…". */
export interface CqlCloudOptions {
  /**
   * Path of the secure connect bundle, a .zip file: it names the nodes and the data centre, and holds the certificates.
   *
   * @example "./secure-connect-agents.zip"
   */
  secureConnectBundle: string;
}

/** Login by name and password, of the moment at each new connection. */
export interface CqlCredentialsOptions {
  /**
   * Name of the role: the text itself, or a secret reference.
   *
   * @example "agents"
   */
  username: string | Secret | SecretReference;
  /**
   * Its password: the text itself, or a secret reference.
   *
   * @example "vault://secret/agents#password"
   */
  password: string | Secret | SecretReference;
}

/** TLS; {} trusts the authorities that Node.js trusts. Left out, nothing is encrypted. */
export interface CqlTlsOptions {
  /** Certificates of the authorities to trust; by default those of Node.js. PEM text, the path of a file, or a secret reference. */
  ca?: string | undefined;
  /** Client certificate, for servers that ask for one. PEM text, the path of a file, or a secret reference. */
  cert?: string | undefined;
  /**
   * Private key of the client certificate. PEM text, the path of a file, or a secret reference.
   *
   * @example "env://NAME"
   */
  key?: string | Secret | SecretReference | undefined;
  /**
   * Decrypts the key. The passphrase itself, or a secret reference.
   *
   * @example "env://NAME"
   */
  passphrase?: string | Secret | SecretReference | undefined;
  /** Name that the server's certificate must hold; by default the one that is connected to. */
  serverName?: string | undefined;
  /**
   * Whether the server's certificate is verified. If not, anybody may pose as the server; each start warns.
   *
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * Oldest version of TLS that is spoken.
   *
   * @default "TLSv1.2"
   */
  minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
}

/** One of `cql.buckets`. */
export interface CqlBucketOptions {
  /**
   * Leading labels of the namespaces that the rule is for; "*" stands for any one label.
   *
   * @example ["users"]
   */
  namespace: string[];
  /** Number of partitions of each of these namespaces. */
  buckets: number;
}

/** Connections to the nodes. */
export interface CqlPoolingOptions {
  /**
   * Connections to each node of the local data centre; 1 by default.
   *
   * @example 2
   */
  connectionsPerNode?: number | undefined;
  /**
   * Most requests under way on one connection; 2048 by default. Beyond, another node is asked.
   *
   * @example 2048
   */
  maxRequestsPerConnection?: number | undefined;
  /**
   * Pause after which an idle connection is tried, in milliseconds; 30000 by default, 0 never.
   *
   * @example 30000
   */
  heartbeatMs?: number | undefined;
  /**
   * Whether all connections are made at start, and not when they are first needed.
   *
   * @default true
   */
  warmUp?: boolean | undefined;
}

/** Asks another node while one is slow; the first answer counts. For reads and writes of data, which may all be done twice without harm. Left out, one node is asked at a time. */
export interface CqlSpeculativeExecutionOptions {
  /**
   * After so long without an answer, in milliseconds, the next node is asked too.
   *
   * @example 100
   */
  delayMs: number;
  /**
   * Most nodes that are asked besides the first.
   *
   * @default 1
   */
  maxExecutions?: number | undefined;
}
