import cassandra from "cassandra-driver";
import { LOCAL_DATA_CENTER } from "./cassandra-config.ts";

/** Name and password of a CQL role. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Where one node listens, and whom it lets in. */
export interface NodeAddress {
  readonly host: string;
  /** The CQL port. */
  readonly port: number;
  readonly credentials?: Credentials | undefined;
}

/**
 * Asks one node, and no other of its cluster, by a connection that lives for the question only.
 *
 * @returns what the question gives, or false where the node is not there, does not let the client in, or refuses
 */
export async function askNode(
  node: NodeAddress,
  question: (client: cassandra.Client) => Promise<boolean>,
): Promise<boolean> {
  const { AllowListPolicy, RoundRobinPolicy } = cassandra.policies.loadBalancing;
  const contactPoint = `${node.host}:${node.port}`;
  const client = new cassandra.Client({
    contactPoints: [contactPoint],
    localDataCenter: LOCAL_DATA_CENTER,
    protocolOptions: { port: node.port },
    policies: { loadBalancing: new AllowListPolicy(new RoundRobinPolicy(), [contactPoint]) },
    socketOptions: { connectTimeout: 5_000, readTimeout: 12_000 },
    ...(node.credentials === undefined ? {} : { credentials: node.credentials }),
  });
  try {
    await client.connect();
    return await question(client);
  } catch (error) {
    const { ResponseError, NoHostAvailableError, OperationTimedOutError } = cassandra.errors;
    const expected = [ResponseError, NoHostAvailableError, OperationTimedOutError];
    if (expected.some((kind) => error instanceof kind)) return false;
    throw error;
  } finally {
    await client.shutdown();
  }
}
