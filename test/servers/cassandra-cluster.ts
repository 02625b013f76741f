import cassandra from "cassandra-driver";
import { prepareNode } from "./cassandra.ts";
import type { CassandraNode, CassandraOptions } from "./cassandra.ts";
import { LOCAL_DATA_CENTER } from "./cassandra-config.ts";
import { freePort } from "./free-port.ts";
import { askNode } from "./node-client.ts";
import { waitUntil } from "./wait-until.ts";

/** Options of {@link startCassandraCluster}. */
export interface CassandraClusterOptions extends Omit<CassandraOptions, "host" | "authentication"> {
  /** Number of nodes, at 127.0.0.1, 127.0.0.2 and so on. Default and minimum: 3. */
  readonly nodes?: number;
}

const RING_SIZE = 2n ** 64n;
const RING_START = -(2n ** 63n);
const SMALLEST = 3;
const SEEN_UP_DEADLINE_MS = 120_000;

/** Several Cassandra nodes that form one cluster, each to be killed, paused and restarted on its own. */
export class CassandraCluster implements AsyncDisposable {
  readonly nodes: readonly CassandraNode[];
  readonly localDataCenter = LOCAL_DATA_CENTER;
  /**
   * The CQL port, the same on every node. A client needs it as `protocolOptions.port`: the driver takes the port of the
   * nodes it discovers from there, and not from the contact points.
   */
  readonly port: number;

  /** Used by {@link startCassandraCluster}. */
  constructor(nodes: readonly CassandraNode[], port: number) {
    this.nodes = nodes;
    this.port = port;
  }

  /** "host:port" of every node. */
  get contactPoints(): string[] {
    return this.nodes.map((node) => node.contactPoint);
  }

  /**
   * Waits until every node sees every node up, as after a restart: a node that answers CQL may not know yet which of
   * the others live, and refuses a quorum until it does.
   */
  async waitUntilAllUp(): Promise<void> {
    await waitUntilEachSeesAll(this.nodes);
  }

  /** Ends all nodes and removes their data. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * Starts a cluster of its own for a test, and waits until every node sees every other up.
 *
 * @throws Error that says what to install, which loopback address is missing, or with the log of the node that failed
 */
export async function startCassandraCluster(options: CassandraClusterOptions = {}): Promise<CassandraCluster> {
  const count = options.nodes ?? SMALLEST;
  if (count < SMALLEST) throw new Error(`a cluster of ${count} has no quorum to spare: ask for ${SMALLEST} or more`);
  const hosts = Array.from({ length: count }, (_, index) => `127.0.0.${index + 1}`);
  const port = options.port ?? (await freePort(hosts));
  const storagePort = await freePort(hosts);
  const nodes: CassandraNode[] = [];
  const cluster = new CassandraCluster(nodes, port);
  try {
    for (const [index, host] of hosts.entries()) {
      const token = RING_START + (RING_SIZE / BigInt(count)) * BigInt(index) + 1n;
      // A node waits up to 30 s for seeds that do not answer yet, so each has only those for seeds that are up, and itself.
      const ring = { seeds: hosts.slice(0, index + 1), storagePort };
      const node = await prepareNode({ heapMb: 512, commitLog: "periodic", ...options, host, port }, ring, token);
      nodes.push(node);
      // One after the other: nodes that start side by side take each other's processor time, while each waits for the others.
      await node.start();
      await waitUntilEachSeesAll(nodes);
    }
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

async function waitUntilEachSeesAll(nodes: readonly CassandraNode[]): Promise<void> {
  const count = nodes.length;
  const progress = (): number => nodes.reduce((sum, { logBytes }) => sum + logBytes, 0);
  const options = { timeoutMs: SEEN_UP_DEADLINE_MS, everyMs: 250, progress };
  await Promise.all(
    nodes.map((node) => waitUntil(`${node.contactPoint} to see ${count} nodes up`, () => seesAllUp(node, count), options)),
  );
}

// system_distributed has three replicas of everything. Reading it whole with as many replicas as there are, up to three, needs
// every owner of every range, so a node answers only if it holds all nodes for alive.
function seesAllUp(node: CassandraNode, count: number): Promise<boolean> {
  return askNode(node, async (client) => {
    const peers = await client.execute("SELECT peer FROM system.peers_v2");
    if (peers.rowLength !== count - 1) return false;
    const { one, two, three } = cassandra.types.consistencies;
    const consistency = [one, two][count - 1] ?? three;
    await client.execute("SELECT keyspace_name FROM system_distributed.view_build_status", [], { consistency });
    return true;
  });
}
