/** Reports nodes whose TLS fails: the driver continues with the other nodes without an error. */
import type { Client } from "cassandra-driver";
import { LRUCache } from "lru-cache";
import type { StoreError } from "../../model/errors.ts";
import { tlsErrorOf } from "../../model/tls-fault.ts";
import type { Logger } from "../../ports/logger.ts";

/** Shortest interval between two warnings about one node, milliseconds; the driver retries every two seconds. */
const QUIET_MS = 10 * 60_000;
const MOST_NODES = 1_000;

/** Logs a warning for each node of a connected cluster that is unusable because of TLS. */
export class RefusedNodes {
  readonly #logger: Logger;
  readonly #reported = new LRUCache<string, true>({ max: MOST_NODES, ttl: QUIET_MS });
  /** Failures before the first connection; if the start fails, its error reports them. */
  readonly #early = new Map<string, StoreError>();
  #isConnected = false;

  /** @param client - not yet connected */
  constructor(client: Client, logger: Logger) {
    this.#logger = logger;
    client.on("log", (level: string, _source: string, message: string, reason: unknown) => {
      if (level !== "warning") return;
      const host = /^There was an error when trying to connect to the host (\S+)/.exec(message)?.[1];
      const error = host === undefined ? null : tlsErrorOf(reason, "Connecting to a CQL node", "cql", host);
      if (host !== undefined && error !== null) this.#report(host, error);
    });
  }

  /** Reports earlier and later failures. To be called after the client has connected. */
  startReporting(): void {
    this.#isConnected = true;
    for (const [host, error] of this.#early) this.#report(host, error);
    this.#early.clear();
  }

  #report(host: string, error: StoreError): void {
    if (!this.#isConnected) {
      this.#early.set(host, error);
    } else if (!this.#reported.has(host)) {
      this.#reported.set(host, true);
      const message = "a node of the CQL cluster is not used because its TLS connection fails";
      this.#logger.warn({ ...error.details, cause: error.message }, message);
    }
  }
}
