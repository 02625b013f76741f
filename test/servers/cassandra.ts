import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cassandraYaml, javaArguments, LOCAL_DATA_CENTER, LOGBACK_XML, moduleArguments } from "./cassandra-config.ts";
import type { CassandraNodeConfig, CassandraTls } from "./cassandra-config.ts";
import { installCassandra } from "./cassandra-install.ts";
import { speaksCql } from "./cql-probe.ts";
import { freePort } from "./free-port.ts";
import { findJava } from "./java.ts";
import { LocalServer } from "./local-server.ts";
import { askNode } from "./node-client.ts";
import type { Credentials, NodeAddress } from "./node-client.ts";

/** Options of a local Cassandra; every one has a default. */
export interface CassandraOptions {
  /** Loopback address. Default: 127.0.0.1. */
  readonly host?: string;
  /** CQL port. Default: a free one. */
  readonly port?: number;
  /** Java heap of a node in MB: 1024 for a single node, 512 for each of a cluster. */
  readonly heapMb?: number;
  /** "quick" (default) starts sooner and is faster in short runs; "full" lets Java optimize, for benchmarks. */
  readonly jit?: "quick" | "full";
  /** Clients must log in, user and password "cassandra"; false by default. */
  readonly authentication?: boolean;
  /** TLS for clients, who must show a certificate, at a port beside the plain one; none by default. */
  readonly tls?: CassandraTls;
  /** True (default): tables survive `kill()`. False: one is created in a fifth of the time, for a node never killed. */
  readonly durableSchema?: boolean;
  /**
   * "batch": every acknowledged write survives `kill()`, the default for a single node. "periodic": Cassandra's usual
   * setting, by which a killed node may lose the writes of its last 100 ms; the default in a cluster, where the others
   * have them.
   */
  readonly commitLog?: "batch" | "periodic";
  /** How long one start may take in milliseconds. Default: 120 s. */
  /** Whether {@link CassandraNode.nodetool} can be used; false by default. */
  readonly jmx?: boolean;
  readonly startDeadlineMs?: number;
  /** Environment in which Java, Maven and the cache are found. Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives a message about a download. Default: standard error. */
  readonly log?: (line: string) => void;
}

const FIRST_ROLE: Credentials = { username: "cassandra", password: "cassandra" };

/** One Cassandra node of this process, with its data in a temporary folder. */
export class CassandraNode extends LocalServer {
  readonly host: string;
  /** The CQL port. */
  readonly port: number;
  readonly localDataCenter = LOCAL_DATA_CENTER;
  /** The superuser that Cassandra creates; undefined without authentication. */
  readonly credentials: Credentials | undefined;
  /** Folder of its tables. */
  readonly tablesFolder: string;
  readonly #nodetool: (args: readonly string[]) => Promise<string>;

  /** Used by {@link prepareNode}; the config's folder must hold the node's files. */
  constructor(java: string, jars: string, config: CassandraNodeConfig, startDeadlineMs: number | undefined) {
    const { folder, host, port } = config;
    const credentials = config.authentication ? FIRST_ROLE : undefined;
    super({
      command: {
        name: `Cassandra at ${host}:${port}`,
        file: java,
        args: javaArguments(config, jars),
        folder,
        logFile: join(folder, "server.log"),
      },
      dataFolder: config.dataFolder,
      ready: () => isReady({ host, port, credentials }),
      ...(startDeadlineMs === undefined ? {} : { startDeadlineMs }),
    });
    this.host = host;
    this.port = port;
    this.credentials = credentials;
    this.tablesFolder = join(config.dataFolder, "data");
    const { jmxPort } = config;
    this.#nodetool = async (args) => {
      if (jmxPort === undefined) throw new Error("nodetool requires a node that was started with jmx: true");
      const javaOptions = [...moduleArguments(), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", `-Duser.home=${join(folder, "tmp")}`, `-Dcassandra.storagedir=${config.dataFolder}`, "-cp", join(jars, "*")];
      const { stdout } = await promisify(execFile)(java, [...javaOptions, "org.apache.cassandra.tools.NodeTool", "-h", "127.0.0.1", "-p", String(jmxPort), ...args], { maxBuffer: 16 * 1024 * 1024 });
      return stdout;
    };
  }

  /** Runs Cassandra's own nodetool on this node, and returns what it printed. */
  nodetool(...args: string[]): Promise<string> {
    return this.#nodetool(args);
  }

  /** "host:port", as the driver's `contactPoints` takes it. */
  get contactPoint(): string {
    return `${this.host}:${this.port}`;
  }
}

/** What every node of one cluster shares. */
export interface Ring {
  readonly seeds: readonly string[];
  readonly storagePort: number;
}

/**
 * Starts a single-node Cassandra of its own for a test, and waits until it answers: some 5 s on an idle machine, and
 * a download of 66 MB before it the first time.
 *
 * @throws Error that says what to install, or with the node's log when it does not start
 */
export async function startCassandra(options: CassandraOptions = {}): Promise<CassandraNode> {
  const host = options.host ?? "127.0.0.1";
  const node = await prepareNode(options, { seeds: [host], storagePort: await freePort([host]) });
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    throw error;
  }
  return node;
}

/**
 * Writes a node's files and returns it, not started.
 *
 * @throws Error that says what to install
 */
export async function prepareNode(options: CassandraOptions, ring: Ring, token?: bigint): Promise<CassandraNode> {
  const env = options.env ?? process.env;
  const java = await findJava(env);
  const jars = await installCassandra(env, options.log ?? ((line) => process.stderr.write(`${line}\n`)));
  const host = options.host ?? "127.0.0.1";
  const folder = await mkdtemp(join(tmpdir(), "cassandra-"));
  const config: CassandraNodeConfig = {
    folder,
    dataFolder: join(folder, "data"),
    host,
    port: options.port ?? (await freePort([host])),
    storagePort: ring.storagePort,
    seeds: ring.seeds,
    ...(token === undefined ? {} : { token }),
    authentication: options.authentication ?? false,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    heapMb: options.heapMb ?? 1024,
    jit: options.jit ?? "quick",
    durableSchema: options.durableSchema ?? true,
    commitLog: options.commitLog ?? "batch",
    ...(options.jmx === true ? { jmxPort: await freePort(["127.0.0.1"]) } : {}),
  };
  await mkdir(join(folder, "tmp"));
  await mkdir(config.dataFolder);
  await writeFile(join(folder, "cassandra.yaml"), cassandraYaml(config));
  await writeFile(join(folder, "logback.xml"), LOGBACK_XML);
  return new CassandraNode(java, jars, config, options.startDeadlineMs);
}

// A node answers before it has created its first role, so where there is a login, the login is tried.
async function isReady(address: NodeAddress): Promise<boolean> {
  if (!(await speaksCql(address.host, address.port))) return false;
  return address.credentials === undefined || askNode(address, () => Promise.resolve(true));
}
