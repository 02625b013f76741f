// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Secret } from "../../model/secret.ts";
import type { SecretReference } from "../secrets/reference.ts";

/** Qdrant, which stores the vectors. Required with `index`. */
export interface QdrantOptions {
  /**
   * Base URL; the default port is 443 for https and 6333 for http.
   *
   * @example "https://qdrant.internal:6333"
   */
  url: string;
  /** TLS of an https URL; by default the CAs that Node.js trusts. */
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
   * Timeout of one request, in milliseconds.
   *
   * @default 10000
   */
  requestTimeoutMs?: number | undefined;
  /**
   * Most concurrent connections.
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
   * Links per node in the HNSW graph over all points.
   *
   * @default 16
   */
  m?: number | undefined;
  /**
   * Additional links per node within each middle-sized namespace prefix.
   *
   * @default 16
   */
  payloadM?: number | undefined;
  /**
   * Neighbors considered while the graph is built.
   *
   * @default 100
   */
  efConstruct?: number | undefined;
  /**
   * Qdrant's optimizers_config, for example the size of segments; each segment has its own graph.
   *
   * @example {"max_segment_size":5000000}
   */
  optimizers?: Record<string, unknown> | undefined;
  /**
   * Qdrant's quantization_config.
   *
   * @example {"scalar":{"type":"int8","always_ram":true}}
   */
  quantization?: Record<string, unknown> | undefined;
}

/** TLS of an https URL; by default the CAs that Node.js trusts. */
export interface QdrantTlsOptions {
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
