import type { StartedTestContainer } from "testcontainers";
import { LOCAL_DATA_CENTER } from "./cassandra-config.ts";
import { speaksCql } from "./cql-probe.ts";
import type { Servers } from "./server-addresses.ts";
import { waitUntil } from "./wait-until.ts";

const SCYLLA_IMAGE = "scylladb/scylla:6.2";
const QDRANT_IMAGE = "qdrant/qdrant:v1.16.3";
const CQL_PORT = 9042;
const QDRANT_PORT = 6333;
const ENGINE_DEADLINE_MS = 3_000;
// Covers the download of an image over a slow line.
const START_DEADLINE_MS = 300_000;

// One core, one GB and no tuning of the host: a database for tests, started in seconds, on a machine that does more.
const SCYLLA_ARGUMENTS = [
  ...["--smp=1", "--memory=1G", "--overprovisioned=1", "--developer-mode=1"],
  ...["--reactor-backend=epoll", "--skip-wait-for-gossip-to-settle=0"],
];

/**
 * Asks whether a Docker engine answers; the `docker` command alone does not count, since it exists on machines that
 * have no engine.
 *
 * @returns undefined where one answers, or else in words why none does, within 3 s
 */
export async function whyNoDockerEngine(): Promise<string | undefined> {
  const { getContainerRuntimeClient } = await import("testcontainers");
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no engine answered within ${ENGINE_DEADLINE_MS / 1000} s`), ENGINE_DEADLINE_MS);
  });
  const engine = getContainerRuntimeClient().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  try {
    return await Promise.race([engine, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Starts ScyllaDB and Qdrant as containers and waits until both answer. Containers whose process dies are removed by
 * testcontainers' own reaper.
 *
 * @throws Error when an image cannot be had or a server does not answer in time
 */
export async function startDockerServers(): Promise<Servers> {
  const outcomes = await Promise.allSettled([startScylla(), startQdrantContainer()]);
  const [scylla, qdrant] = outcomes;
  if (scylla.status === "rejected" || qdrant.status === "rejected") {
    const started = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    await Promise.all(started.map((container) => container.stop()));
    const failures = outcomes.filter((outcome) => outcome.status === "rejected");
    const reasons = failures.map((outcome): unknown => outcome.reason);
    throw new AggregateError(reasons, `Docker did not start the servers: ${reasons.map(String).join("; ")}`);
  }
  const containers = [scylla.value, qdrant.value];
  return {
    cql: { contactPoints: [address(scylla.value, CQL_PORT)], localDataCenter: LOCAL_DATA_CENTER },
    qdrant: { url: `http://${address(qdrant.value, QDRANT_PORT)}` },
    source: "docker",
    folders: [],
    stop: stopOnce(containers),
  };
}

async function startScylla(): Promise<StartedTestContainer> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const container = await new GenericContainer(SCYLLA_IMAGE)
    .withCommand(SCYLLA_ARGUMENTS)
    .withExposedPorts(CQL_PORT)
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(START_DEADLINE_MS)
    .start();
  try {
    const ready = () => speaksCql(container.getHost(), container.getMappedPort(CQL_PORT));
    await waitUntil("ScyllaDB in Docker to answer CQL", ready, { timeoutMs: START_DEADLINE_MS, everyMs: 250 });
  } catch (error) {
    await container.stop();
    throw error;
  }
  return container;
}

async function startQdrantContainer(): Promise<StartedTestContainer> {
  const { GenericContainer, Wait } = await import("testcontainers");
  return new GenericContainer(QDRANT_IMAGE)
    .withEnvironment({ QDRANT__TELEMETRY_DISABLED: "true" })
    .withExposedPorts(QDRANT_PORT)
    .withWaitStrategy(Wait.forHttp("/readyz", QDRANT_PORT))
    .withStartupTimeout(START_DEADLINE_MS)
    .start();
}

function address(container: StartedTestContainer, port: number): string {
  return `${container.getHost()}:${container.getMappedPort(port)}`;
}

function stopOnce(containers: readonly StartedTestContainer[]): () => Promise<void> {
  let stopping: Promise<unknown> | undefined;
  return async () => {
    stopping ??= Promise.all(containers.map((container) => container.stop()));
    await stopping;
  };
}
