import type { Credentials } from "./node-client.ts";

/** Where a test finds the servers. Plain data, so that vitest can hand it from the main process to its workers. */
export interface ServerAddresses {
  readonly cql: {
    /** "host:port" of each node, with one port for all. */
    readonly contactPoints: string[];
    readonly localDataCenter: string;
    /** Absent without authentication. */
    readonly credentials?: Credentials;
  };
  readonly qdrant: {
    /** Base address, for example "http://127.0.0.1:6333". */
    readonly url: string;
    /** Absent if none is required. */
    readonly apiKey?: string;
  };
  /** Where the servers came from. */
  readonly source: "environment" | "docker" | "local";
}

/** Servers that are up, and how to be rid of those that were started for us. */
export interface Servers extends ServerAddresses {
  /** Where servers that run as local processes keep their data; empty for others. */
  readonly folders: readonly string[];
  /** Ends what was started; servers that were there before stay. Idempotent. */
  readonly stop: () => Promise<void>;
}
