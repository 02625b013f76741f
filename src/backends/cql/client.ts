/** Connects to a cluster. */
import type { ConnectionOptions } from "node:tls";
import { Client, type EmptyCallback, type HostMap, policies } from "cassandra-driver";
import { ConfigurationError, type StoreError } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import { toStoreError } from "./errors.ts";
import type { CqlOptions } from "./options.ts";
import { ControlConnectionFix } from "./control-connection.ts";
import { checkBundle, clientOptionsFor, warnOfWeakConsistency } from "./driver-options.ts";
import { CurrentLogin } from "./credentials.ts";
import { closedUnanswered, connectedUnlessClosed } from "./first-answer.ts";
import { RefusedNodes } from "./refused-nodes.ts";
import { tlsOf, verifyCloud, warnOfUnverifiedClient } from "./tls.ts";

/**
 * Connects the client of the options, or creates one.
 *
 * @throws {StoreError} naming the data centers of the cluster when the local one is not among them
 */
export async function connect(options: CqlOptions, logger: Logger): Promise<Connected> {
  await checkBundle(options);
  warnOfWeakConsistency(options, logger);
  const nearby = new NearbyPolicy(options.localDataCenter);
  const tls = options.client === undefined ? await tlsOf(options, logger) : null;
  if (options.client !== undefined) warnOfUnverifiedClient(options.client, logger);
  const connected = options.client === undefined ? ownClient(options, nearby, tls, logger) : callersClient(options.client);
  const connecting = connected.client.connect();
  try {
    await (options.client === undefined ? connectedUnlessClosed(connecting, options, tls) : connecting);
    connected.afterConnect();
  } catch (error) {
    // Also closes a client that connects after its failure was reported.
    connecting.then(() => connected.close()).catch(() => undefined);
    await connected.close();
    throw closedUnanswered(error, options, tls) ?? connectFailure(error, nearby);
  }
  return connected;
}

/** A connected client. */
export interface Connected {
  readonly client: Client;
  /** To be called once the client is connected. */
  afterConnect(): void;
  /** Closes its connections, unless the caller provided the client. */
  close(): Promise<void>;
}

function ownClient(options: CqlOptions, nearby: NearbyPolicy, tls: ConnectionOptions | null, logger: Logger): Connected {
  const client = newClient(options, nearby, tls);
  if (options.cloud !== undefined) verifyCloud(client);
  const refused = new RefusedNodes(client, logger);
  const control = new ControlConnectionFix(client, logger);
  return {
    client,
    afterConnect() {
      control.recordHosts();
      refused.startReporting();
    },
    async close() {
      await client.shutdown();
      control.closeAll();
    },
  };
}

function callersClient(client: Client): Connected {
  return { client, afterConnect: () => undefined, close: () => Promise.resolve() };
}

/** Delays of reconnection. The driver's default waits up to ten minutes and keeps the process alive. */
const RECONNECT_FIRST_MS = 500;
const RECONNECT_LONGEST_MS = 2_000;

/**
 * The driver's default policy, which also records the data centers of the cluster. The local data center is set here and not
 * on the client, which for an unknown name fails before the data centers are known and leaves a connection open that keeps
 * the process alive.
 */
class NearbyPolicy extends policies.loadBalancing.DefaultLoadBalancingPolicy {
  readonly localDataCenter: string | undefined;
  found: readonly string[] = [];

  constructor(localDataCenter: string | undefined) {
    super(localDataCenter === undefined ? {} : { localDc: localDataCenter });
    this.localDataCenter = localDataCenter;
  }

  override init(client: Client, hosts: HostMap, callback: EmptyCallback): void {
    this.found = dataCentersOf(hosts);
    super.init(client, hosts, callback);
  }
}

/**
 * The default timestamp of requests. Writes whose order matters set their own timestamp, so the driver's monotonic clock,
 * which cost a fortieth of a get, is not needed.
 */
class WallClock extends policies.timestampGeneration.MonotonicTimestampGenerator {
  override next(): number {
    return Date.now() * 1000;
  }
}

function newClient(options: CqlOptions, nearby: NearbyPolicy, tls: ConnectionOptions | null): Client {
  const { contactPoints = [], credentials, applicationName } = options;
  const port = options.port ?? commonPort(contactPoints);
  const driver = clientOptionsFor(options);
  const login = credentials === undefined ? null : new CurrentLogin(credentials);
  return new Client({
    ...(driver.cloud === undefined ? { contactPoints: [...contactPoints] } : { cloud: driver.cloud }),
    pooling: driver.pooling,
    policies: {
      ...driver.policies,
      loadBalancing: nearby,
      timestampGeneration: new WallClock(0, 0),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(RECONNECT_FIRST_MS, RECONNECT_LONGEST_MS, false),
    },
    ...(port === undefined ? {} : { protocolOptions: { port } }),
    ...(login === null ? {} : { authProvider: login, metrics: login.metrics }),
    ...(tls === null ? {} : { sslOptions: tls }),
    ...(applicationName === undefined ? {} : { applicationName }),
    monitorReporting: { enabled: false },
  });
}

/**
 * The common port of all contact points, if there is one. The driver uses the ports of contact points only for these, and the
 * port of its options for discovered nodes.
 */
function commonPort(contactPoints: readonly string[]): number | undefined {
  const [port, ...others] = new Set(contactPoints.map((point) => /^(?:[^:]+|\[.*\]):(\d+)$/.exec(point)?.[1]));
  return port === undefined || others.length > 0 ? undefined : Number(port);
}

function connectFailure(error: unknown, { localDataCenter, found }: NearbyPolicy): StoreError {
  if (localDataCenter !== undefined && found.length > 0 && !found.includes(localDataCenter)) {
    return new ConfigurationError(
      `cql.localDataCenter is ${JSON.stringify(localDataCenter)}, but the data centers of the cluster are ` +
        `${found.map((name) => JSON.stringify(name)).join(", ")}: set it to the local one.`,
      { cause: error, details: { localDataCenter, found } },
    );
  }
  return toStoreError(error, "Connecting to CQL");
}

/** The names of the data centers of the nodes, sorted. */
export function dataCentersOf(hosts: HostMap): string[] {
  const names = hosts.values().map(({ datacenter }) => datacenter);
  return [...new Set(names)].filter((name) => typeof name === "string").sort();
}
