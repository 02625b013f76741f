/** Connects to a cluster. */
import type { ConnectionOptions } from "node:tls";
import { Client, type EmptyCallback, type HostMap, policies } from "cassandra-driver";
import { ConfigurationError, type StoreError } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import { toStoreError } from "./errors.ts";
import type { CqlOptions } from "./options.ts";
import { ControlConnectionCare } from "./control-connection.ts";
import { checkBundle, clientOptionsFor, warnOfWeakConsistency } from "./driver-options.ts";
import { CurrentLogin } from "./credentials.ts";
import { closedUnanswered, untilSeenClosed } from "./first-answer.ts";
import { RefusedNodes } from "./refused-nodes.ts";
import { tlsOf, verifyCloud, warnOfUnverifiedClient } from "./tls.ts";

/**
 * Connects: the client that the options hold, or one made as they say.
 *
 * @throws {StoreError} naming the data centres found, when the local one is not among them
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
    await (options.client === undefined ? untilSeenClosed(connecting, options, tls) : connecting);
    connected.recordHosts();
  } catch (error) {
    // Also of one that connects after it was given up.
    connecting.then(() => connected.close()).catch(() => undefined);
    await connected.close();
    throw closedUnanswered(error, options, tls) ?? connectFailure(error, nearby);
  }
  return connected;
}

/** A client, and how to be rid of it. */
export interface Connected {
  readonly client: Client;
  /** To be called once it is connected. */
  recordHosts(): void;
  /** Closes its connections; those of a client that the caller gave stay open. */
  close(): Promise<void>;
}

function ownClient(options: CqlOptions, nearby: NearbyPolicy, tls: ConnectionOptions | null, logger: Logger): Connected {
  const client = newClient(options, nearby, tls);
  if (options.cloud !== undefined) verifyCloud(client);
  const refused = new RefusedNodes(client, logger);
  const control = new ControlConnectionCare(client, logger);
  return {
    client,
    recordHosts() {
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
  return { client, recordHosts: () => undefined, close: () => Promise.resolve() };
}

/** The driver would wait for up to ten minutes before it tries a node again, and keep the process alive for it. */
const RECONNECT_FIRST_MS = 500;
const RECONNECT_LONGEST_MS = 2_000;

/**
 * The driver's own policy, which also remembers what data centres there are. The name of the local one is given here
 * and not to the client: of a name that does not exist the client would complain too early, forget the data centres,
 * and leave a connection open that keeps the process from ending.
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
 * The time that the driver sends along with each request, reads included. Each write whose order counts names its own, so
 * the driver's is not looked at, and its monotonic clock took a fortieth of a get.
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
 * The port that all contact points name, if they do. The driver asks only the contact points themselves there, and the
 * nodes that it discovers at the port of its own options.
 */
function commonPort(contactPoints: readonly string[]): number | undefined {
  const [port, ...others] = new Set(contactPoints.map((point) => /^(?:[^:]+|\[.*\]):(\d+)$/.exec(point)?.[1]));
  return port === undefined || others.length > 0 ? undefined : Number(port);
}

function connectFailure(error: unknown, { localDataCenter, found }: NearbyPolicy): StoreError {
  if (localDataCenter !== undefined && found.length > 0 && !found.includes(localDataCenter)) {
    return new ConfigurationError(
      `cql.localDataCenter is ${JSON.stringify(localDataCenter)}, but the cluster's data centres are ` +
        `${found.map((name) => JSON.stringify(name)).join(", ")}: set it to the one that is near.`,
      { cause: error, details: { localDataCenter, found } },
    );
  }
  return toStoreError(error, "Connecting to CQL");
}

/** The data centres of the nodes, by name. */
export function dataCentersOf(hosts: HostMap): string[] {
  const names = hosts.values().map(({ datacenter }) => datacenter);
  return [...new Set(names)].filter((name) => typeof name === "string").sort();
}
