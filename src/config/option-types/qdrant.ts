// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Secret } from "../../model/secret.ts";
import type { SecretReference } from "../secrets/reference.ts";

/** Qdrant: the vectors. Needed when there is an index. */
export interface QdrantOptions {
  /**
   * Base address; without a port, https means 443 and http 6333.
   *
   * @example "https://qdrant.internal:6333"
   */
  url: string;
  /** TLS of an https address; left out, the authorities that Node.js trusts are trusted. */
  tls?: QdrantTlsOptions | undefined;
  /**
   * API key: the text itself, or a secret reference.
   *
   * @example "vault://secret/agents#qdrant"
   */
  apiKey?: string | Secret | SecretReference | undefined;
  /**
   * Alias of the collection; the keyspace's name by default.
   *
   * @example "agents"
   */
  collection?: string | undefined;
  /**
   * Longest wait for one answer, in milliseconds.
   *
   * @default 10000
   */
  requestTimeoutMs?: number | undefined;
  /**
   * Most connections at once.
   *
   * @default 32
   */
  maxConnections?: number | undefined;
  /**
   * Headers added to every request; each value is the text itself, or a secret reference.
   *
   * @example {"x-team":"agents"}
   */
  headers?: Record<string, string | Secret | SecretReference> | undefined;
  /**
   * Shards of a new collection.
   *
   * @example 2
   */
  shardNumber?: number | undefined;
  /**
   * Replicas of each shard of a new collection.
   *
   * @example 2
   */
  replicationFactor?: number | undefined;
  /**
   * Replicas that must confirm a write to a new collection.
   *
   * @example 2
   */
  writeConsistencyFactor?: number | undefined;
  /** Keeps vectors of a new collection on disk. */
  onDiskVectors?: boolean | undefined;
  /** Keeps payloads of a new collection on disk. */
  onDiskPayload?: boolean | undefined;
  /**
   * Links of a node in the graph over all points.
   *
   * @default 16
   */
  m?: number | undefined;
  /**
   * Links that a node has besides within each middle-sized namespace prefix.
   *
   * @default 16
   */
  payloadM?: number | undefined;
  /**
   * Neighbours considered while a graph is built.
   *
   * @default 100
   */
  efConstruct?: number | undefined;
  /**
   * Qdrant's optimizers_config, as it documents it: the size of segments, each of which has a graph of its own.
   *
   * @example {"max_segment_size":5000000}
   */
  optimizers?: Record<string, unknown> | undefined;
  /**
   * Qdrant's quantization_config, as it documents it.
   *
   * @example {"scalar":{"type":"int8","always_ram":true}}
   */
  quantization?: Record<string, unknown> | undefined;
}

/** TLS of an https address; left out, the authorities that Node.js trusts are trusted. */
export interface QdrantTlsOptions {
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
