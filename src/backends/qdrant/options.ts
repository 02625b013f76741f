import type { SecretText } from "../../ports/secrets.ts";
import type { Tls } from "../../ports/tls.ts";
import type { PayloadRule } from "./payload-rule.ts";

/** Where Qdrant is, and how the collection of the store is laid out there. */
export interface QdrantOptions {
  /** Base address. Without a port, `https` means 443 and `http` means Qdrant's own 6333. A path is kept as a prefix. */
  readonly url: string;
  readonly apiKey?: string | SecretText | undefined;
  /** Name of the collection for people: an alias. The collection itself has a fingerprint of the model behind it. */
  readonly collection: string;
  /** Longest wait for one answer, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Most connections at once. */
  readonly maxConnections: number;
  /** Headers added to every request, for a proxy in front of Qdrant. */
  readonly headers?: Readonly<Record<string, string | SecretText>> | undefined;
  /** TLS for an `https` address; absent, the authorities that Node.js trusts. */
  readonly tls?: Tls | undefined;
  /** Which scalars of values points keep; all by default. */
  readonly payload?: PayloadRule | undefined;
  readonly layout: CollectionLayout;
}

/** Layout of the collection; used when it is created, and ignored afterwards. */
interface CollectionLayout {
  readonly shardNumber?: number | undefined;
  readonly replicationFactor?: number | undefined;
  readonly writeConsistencyFactor?: number | undefined;
  /** Keeps vectors on disk rather than in memory. */
  readonly onDiskVectors?: boolean | undefined;
  /** Keeps payloads on disk rather than in memory. */
  readonly onDiskPayload?: boolean | undefined;
  /** Links of a node in the graph over all points. */
  readonly m: number;
  /** Links that a node has besides within each namespace prefix that is too big to be searched exactly and too small for the graph. */
  readonly payloadM: number;
  /** Neighbours considered while a graph is built. */
  readonly efConstruct: number;
  /** Qdrant's own settings of its optimizers, as its documentation gives them. */
  readonly optimizers?: Readonly<Record<string, unknown>> | undefined;
  /** Qdrant's own quantization settings, as its documentation gives them. */
  readonly quantization?: Readonly<Record<string, unknown>> | undefined;
}

/** What the vectors of a collection are. Vectors of another identity cannot be compared with them. */
export interface VectorIdentity {
  readonly model: string;
  readonly dims: number;
}

/** The address that requests go to. */
export interface Endpoint {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  readonly https: boolean;
  /** Path before Qdrant's own, without a slash at its end; "" for none. */
  readonly prefix: string;
}

/** Splits a base address. The port is decided here: Qdrant's client would send `https://host` to port 6333. */
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
