/**
 * Fixes two bugs of the driver's control connection (cassandra-driver 4.10), which reports topology changes. On an unreliable
 * network
 * - the process crashed: two reconnection attempts ran concurrently, one replaced the connection of the other, and the error
 *   of an attempt started by a timer was not caught (`ControlConnection._refresh`);
 * - connections leaked: a connection that the server accepts but does not answer in time is dropped without being closed
 *   (`ControlConnection._initializeConnection`), and a rediscovered node replaces its host object without closing the old
 *   connections. Within seconds there were ten, whose timers kept the process alive after shutdown.
 *
 * Uses internals of the driver; without them it does nothing.
 */
import type { Client } from "cassandra-driver";
import { messageOf } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";

/** Internals of the driver that are used. */
interface ControlConnection {
  readonly connection?: DriverConnection | null;
  readonly _isShuttingDown?: boolean;
  _createConnection?: (contactPoint: string) => Promise<DriverConnection>;
  /** Receives the remaining hosts when it calls itself. */
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

/** Age at which an unused connection is closed, milliseconds; before, an attempt in progress may still use it. */
const IN_USE_MS = 60_000;

/** Delay after a failed attempt, milliseconds. */
const RETRY_MS = 1_000;

/** Applies the fixes to the control connection of one client. */
export class ControlConnectionFix {
  readonly #internals: DriverInternals;
  readonly #logger: Logger;
  /** Created connections with their creation time, milliseconds. */
  readonly #created = new Map<DriverConnection, number>();
  /** All host objects that were not shut down. */
  readonly #hosts = new Set<DriverHost>();

  /** @param client - not yet connected */
  constructor(client: Client, logger: Logger) {
    this.#internals = client as unknown as DriverInternals;
    this.#logger = logger;
    const control = this.#internals.controlConnection;
    if (control === undefined) return;
    this.#trackConnections(control);
    this.#oneAtATime(control);
  }

  /** Records the known nodes, and shuts down replaced host objects. */
  recordHosts(): void {
    const known = new Set(this.#internals.hosts?.values());
    for (const host of this.#hosts) if (!known.has(host)) this.#shutDown(host);
    for (const host of known) this.#hosts.add(host);
  }

  /** Closes all connections after the client was shut down. */
  closeAll(): void {
    this.recordHosts();
    for (const host of this.#hosts) this.#shutDown(host);
    for (const connection of this.#created.keys()) connection.close();
    this.#created.clear();
  }

  #shutDown(host: DriverHost): void {
    this.#hosts.delete(host);
    host.shutdown?.(false).catch((error: unknown) => {
      this.#logger.debug({ cause: messageOf(error) }, "connections to a node could not be closed cleanly");
    });
  }

  #trackConnections(control: ControlConnection): void {
    const create = control._createConnection;
    if (create === undefined) return;
    control._createConnection = async (contactPoint) => {
      // The next attempt replaces the host objects of a failed one.
      this.recordHosts();
      this.#closeUnused(control);
      const connection = await create.call(control, contactPoint);
      this.#created.set(connection, performance.now());
      return connection;
    };
  }

  #closeUnused(control: ControlConnection): void {
    const used = new Set(this.#internals.hosts?.values().flatMap(({ pool }) => pool?.connections ?? []));
    for (const [connection, createdAt] of this.#created) {
      if (used.has(connection) || control.connection === connection) continue;
      if (performance.now() - createdAt < IN_USE_MS) continue;
      connection.close();
      this.#created.delete(connection);
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
        this.#logger.debug({ cause: messageOf(error) }, "the control connection could not be restored; the attempt is retried");
        if (control._isShuttingDown !== true) again();
      }
    };
    control._refresh = (hosts) => {
      // Called by an attempt itself, which continues with its remaining hosts.
      if (hosts !== undefined) return refresh.call(control, hosts);
      running ??= attempt().finally(() => {
        running = null;
      });
      return running;
    };
  }
}
