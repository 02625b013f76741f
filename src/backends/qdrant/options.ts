import type { DistanceMetric } from "../../model/distance-metric.ts";
import type { SecretText } from "../../ports/secrets.ts";
import type { Tls } from "../../ports/tls.ts";
import type { PayloadRule } from "./payload-rule.ts";

/** Connection options, and the layout of the collection. */
export interface QdrantOptions {
  /** Base URL. The default port is 443 for `https` and 6333 (Qdrant's own) for `http`. A path becomes a prefix of all paths. */
  readonly url: string;
  readonly apiKey?: string | SecretText | undefined;
  /** Alias of the collection. The name of the collection itself ends in a fingerprint of the model. */
  readonly collection: string;
  /** Timeout of one request, milliseconds. */
  readonly requestTimeoutMs: number;
  /** Size of the connection pool. */
  readonly maxConnections: number;
  /** Headers added to every request, for a proxy in front of Qdrant. */
  readonly headers?: Readonly<Record<string, string | SecretText>> | undefined;
  /** TLS of an `https` address; by default, the certificate authorities that Node.js trusts. */
  readonly tls?: Tls | undefined;
  /** Which scalars of values are stored in payloads, for filters; all by default. */
  readonly payload?: PayloadRule | undefined;
  readonly layout: CollectionLayout;
}

/** Layout of the collection; used only when it is created. */
interface CollectionLayout {
  readonly shardNumber?: number | undefined;
  readonly replicationFactor?: number | undefined;
  readonly writeConsistencyFactor?: number | undefined;
  /** Stores vectors on disk rather than in memory. */
  readonly onDiskVectors?: boolean | undefined;
  /** Stores payloads on disk rather than in memory. */
  readonly onDiskPayload?: boolean | undefined;
  /** Links per node in the HNSW graph over all points. */
  readonly m: number;
  /** Additional links per node within each namespace prefix that is too big for exact search and too small for the graph. */
  readonly payloadM: number;
  /** Neighbors considered while the graph is built. */
  readonly efConstruct: number;
  /** Optimizer settings in the format of Qdrant's documentation. */
  readonly optimizers?: Readonly<Record<string, unknown>> | undefined;
  /** Quantization settings in the format of Qdrant's documentation. */
  readonly quantization?: Readonly<Record<string, unknown>> | undefined;
}

/** Model, dimensions and metric of the vectors of a collection. Vectors and scores of different identities are not comparable. */
export interface VectorIdentity {
  readonly model: string;
  readonly dims: number;
  readonly metric: DistanceMetric;
}

/** Names of the metrics in Qdrant. */
export const QDRANT_DISTANCES = { cosine: "Cosine", dot: "Dot", euclid: "Euclid" } as const satisfies Record<DistanceMetric, string>;

/** Name of the sparse vectors: the terms of texts. */
export const KEYWORD_VECTOR = "keywords";

/** The address that requests go to. */
export interface Endpoint {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  readonly https: boolean;
  /** Path in front of Qdrant's own paths, without a trailing slash; "" for none. */
  readonly prefix: string;
}

/** Parses a base URL and applies the default port. */
export function toEndpoint(url: string): Endpoint {
  const { protocol, hostname, port, pathname } = new URL(url);
  const https = protocol === "https:";
  const explicit = /^https?:\/\/[^/]*:(\d+)/i.exec(url)?.[1];
  const number = Number(port || explicit || (https ? 443 : 6333));
  return {
    origin: `${protocol}//${hostname}:${number}`,
    host: hostname,
    port: number,
    https,
    prefix: pathname.replace(/\/+$/, ""),
  };
}
