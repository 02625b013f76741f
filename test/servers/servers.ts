import { installCassandra, isCassandraInstalled } from "./cassandra-install.ts";
import { startCassandra } from "./cassandra.ts";
import { startDockerServers, whyNoDockerEngine } from "./docker.ts";
import { serversFromEnvironment } from "./environment.ts";
import { findJava, hasMaven } from "./java.ts";
import { findQdrantBinary, startQdrant } from "./qdrant.ts";
import type { ServerAddresses, Servers } from "./server-addresses.ts";

type Source = ServerAddresses["source"];

/** Options of {@link startServers}; the defaults are what a test run wants. */
export interface StartServersOptions {
  /** Environment with addresses, Java, Maven and `TEST_SERVERS`. Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Says why there is no Docker engine, or undefined where there is one. */
  readonly whyNoDocker?: () => Promise<string | undefined>;
  /** Passed on to Cassandra where it is started locally: "full" for benchmarks. */
  readonly jit?: "quick" | "full";
  /** Receives a sentence for each server that is started or downloaded. Default: standard error. */
  readonly log?: (line: string) => void;
}

const SOURCES: readonly Source[] = ["environment", "docker", "local"];

/**
 * Brings up a CQL database and a Qdrant: those whose addresses the environment holds, or else containers where a Docker
 * engine answers (ScyllaDB), or else local processes (Cassandra). `TEST_SERVERS` set to "environment", "docker" or
 * "local" admits that one only, so that a run meant for ScyllaDB cannot turn into one on Cassandra unnoticed.
 *
 * @throws Error that lists, for each way, what is missing and what to install or set; nothing is left running
 */
export async function startServers(options: StartServersOptions = {}): Promise<Servers> {
  const { env = process.env, whyNoDocker = whyNoDockerEngine } = options;
  const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`));
  const allowed = allowedSources(env);
  const problems: string[] = [];
  if (allowed.includes("environment")) {
    const addresses = serversFromEnvironment(env);
    if (addresses !== undefined) return { ...addresses, folders: [], stop: () => Promise.resolve() };
    problems.push(
      "environment: TEST_CQL_CONTACT_POINTS (host:port,...), TEST_CQL_LOCAL_DC and TEST_QDRANT_URL are not set",
    );
  }
  if (allowed.includes("docker")) {
    const problem = await whyNoDocker();
    if (problem === undefined) {
      log("Starting ScyllaDB and Qdrant in Docker");
      return startDockerServers();
    }
    problems.push(`Docker: ${problem}. Start Docker, or point DOCKER_HOST at an engine`);
  }
  if (allowed.includes("local")) {
    const missing = await missingForLocal(env);
    if (missing.length === 0) return startLocalServers(env, options.jit, log);
    problems.push(...missing.map((problem) => `local processes: ${problem}`));
  }
  throw new Error(
    ["There are no servers to test against. Mend any one of these ways:", ...problems.map((line) => `- ${line}`)].join(
      "\n",
    ),
  );
}

function allowedSources(env: NodeJS.ProcessEnv): readonly Source[] {
  const choice = env["TEST_SERVERS"];
  if (!choice) return SOURCES;
  const source = SOURCES.find((name) => name === choice);
  if (source === undefined) throw new Error(`TEST_SERVERS is "${choice}": leave it out or set ${SOURCES.join(", ")}`);
  return [source];
}

/** What keeps Cassandra and Qdrant from running as local processes; empty where nothing does. */
async function missingForLocal(env: NodeJS.ProcessEnv): Promise<string[]> {
  const problems: string[] = [];
  if (findQdrantBinary() === undefined) {
    const machine = `${process.platform} ${process.arch}`;
    problems.push(`Qdrant: no binary for ${machine}; on Linux x64 run npm ci, elsewhere use Docker`);
  }
  try {
    await findJava(env);
  } catch (error) {
    problems.push((error as Error).message);
  }
  if (!(await isCassandraInstalled(env)) && !(await hasMaven(env))) {
    problems.push(
      "Cassandra is fetched by Maven, which cannot be run: install it (Debian, Ubuntu: apt-get install maven; " +
        "macOS: brew install maven)",
    );
  }
  return problems;
}

async function startLocalServers(
  env: NodeJS.ProcessEnv,
  jit: "quick" | "full" | undefined,
  log: (line: string) => void,
): Promise<Servers> {
  await installCassandra(env, log);
  log("Starting Cassandra and Qdrant as local processes");
  // No test kills this Cassandra, so its tables need not survive a kill, and each is created in a fifth of the time.
  const unkilled = { durableSchema: false, commitLog: "periodic" } as const;
  const starting = [startQdrant(), startCassandra({ env, log, ...unkilled, ...(jit ? { jit } : {}) })] as const;
  const [qdrant, cassandra] = await Promise.allSettled(starting);
  if (qdrant.status === "rejected" || cassandra.status === "rejected") {
    if (qdrant.status === "fulfilled") await qdrant.value.stop();
    if (cassandra.status === "fulfilled") await cassandra.value.stop();
    throw qdrant.status === "rejected" ? qdrant.reason : (cassandra as PromiseRejectedResult).reason;
  }
  return {
    cql: { contactPoints: [cassandra.value.contactPoint], localDataCenter: cassandra.value.localDataCenter },
    qdrant: { url: qdrant.value.url },
    source: "local",
    folders: [cassandra.value.folder, qdrant.value.folder],
    stop: async () => {
      await Promise.all([qdrant.value.stop(), cassandra.value.stop()]);
    },
  };
}
