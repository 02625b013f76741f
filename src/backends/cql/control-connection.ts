/**
 * Mends the control connection of the driver (cassandra-driver 4.10), by which it learns of nodes that come and go. On a
 * bad network it was seen
 * - to end the process: two attempts to connect again ran at once, one took the other's connection away, and the error of
 *   an attempt that a timer had begun is caught by nobody (`ControlConnection._refresh`);
 * - to lose connections: one that the server accepts, and then does not answer in time, is dropped without being closed
 *   (`ControlConnection._initializeConnection`), and a node that is met again takes the place of what stood for it before,
 *   with all its connections. Ten were counted after seconds, each with timers of its own, and the process could not end
 *   after the client was shut down.
 *
 * It reaches into what the driver keeps to itself; a driver that has none of it is left as it is.
 */
import type { Client } from "cassandra-driver";
import { messageOf } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";

/** What is used of the driver beyond its public types. */
interface ControlConnection {
  readonly connection?: DriverConnection | null;
  readonly _isShuttingDown?: boolean;
  _createConnection?: (contactPoint: string) => Promise<DriverConnection>;
  /** With the hosts that are left to try, when it is called from within itself. */
  _refresh?: (hosts?: unknown) => Promise<void>;
}

interface DriverInternals {
  readonly controlConnection?: ControlConnection;
  readonly hosts?: { values(): readonly DriverHost[] };
}

interface DriverHost {
  readonly pool?: { readonly connections?: readonly DriverConnection[] };
  shutdown?(waitForPending: boolean): Promise<unknown>;
}

interface DriverConnection {
  readonly connected?: boolean;
  close(): void;
}

/** Until then an attempt may be under way that uses a connection without showing it, milliseconds. */
const IN_USE_MS = 60_000;

/** After an attempt that threw, milliseconds. */
const RETRY_MS = 1_000;

/** Watches over the control connection of one client. */
export class ControlConnectionCare {
  readonly #internals: DriverInternals;
  readonly #logger: Logger;
  /** Connections that it made, with the time at which each was made, milliseconds. */
  readonly #made = new Map<DriverConnection, number>();
  /** All that stood for a node, and was not shut down. */
  readonly #hosts = new Set<DriverHost>();

  /** @param client - not yet connected */
  constructor(client: Client, logger: Logger) {
    this.#internals = client as unknown as DriverInternals;
    this.#logger = logger;
    const control = this.#internals.controlConnection;
    if (control === undefined) return;
    this.#keepAccount(control);
    this.#oneAtATime(control);
  }

  /** Notes the nodes that are known, and shuts down what stood for one before. */
  recordHosts(): void {
    const known = new Set(this.#internals.hosts?.values());
    for (const host of this.#hosts) if (!known.has(host)) this.#shutDown(host);
    for (const host of known) this.#hosts.add(host);
  }

  /** Closes all that were made, once the client was shut down. */
  closeAll(): void {
    this.recordHosts();
    for (const host of this.#hosts) this.#shutDown(host);
    for (const connection of this.#made.keys()) connection.close();
    this.#made.clear();
  }

  #shutDown(host: DriverHost): void {
    this.#hosts.delete(host);
    host.shutdown?.(false).catch((error: unknown) => {
      this.#logger.debug({ cause: messageOf(error) }, "connections to a node could not be closed in order");
    });
  }

  #keepAccount(control: ControlConnection): void {
    const create = control._createConnection;
    if (create === undefined) return;
    control._createConnection = async (contactPoint) => {
      // What stood for a node in an attempt that failed is replaced by the next attempt.
      this.recordHosts();
      this.#closeUnused(control);
      const connection = await create.call(control, contactPoint);
      this.#made.set(connection, performance.now());
      return connection;
    };
  }

  #closeUnused(control: ControlConnection): void {
    const used = new Set(this.#internals.hosts?.values().flatMap(({ pool }) => pool?.connections ?? []));
    for (const [connection, madeAt] of this.#made) {
      if (used.has(connection) || control.connection === connection) continue;
      if (performance.now() - madeAt < IN_USE_MS) continue;
      connection.close();
      this.#made.delete(connection);
    }
  }

  #oneAtATime(control: ControlConnection): void {
    const refresh = control._refresh;
    if (refresh === undefined) return;
    let running: Promise<void> | null = null;
    const again = (): void => void setTimeout(() => void control._refresh?.(), RETRY_MS).unref();
    const attempt = async (): Promise<void> => {
      try {
        await refresh.call(control);
        this.recordHosts();
      } catch (error) {
        this.#logger.debug({ cause: messageOf(error) }, "the control connection could not be made again; it is tried again");
        if (control._isShuttingDown !== true) again();
      }
    };
    control._refresh = (hosts) => {
      // From within an attempt: it goes on with the hosts that it has left.
      if (hosts !== undefined) return refresh.call(control, hosts);
      running ??= attempt().finally(() => {
        running = null;
      });
      return running;
    };
  }
}
