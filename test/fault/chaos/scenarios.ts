/** The scenarios: calls, store and faults. A longer run repeats them. */
import type { CassandraCluster } from "../../servers/cassandra-cluster.ts";
import type { LocalQdrant } from "../../servers/qdrant.ts";
import { EVERYTHING, type StoreOptions } from "../history/config.ts";
import type { Random } from "../history/random.ts";
import {
  network,
  nodesKilled,
  processKilled,
  processPaused,
  provider,
  qdrantEmptied,
  qdrantKilled,
  qdrantPaused,
  type Fault,
} from "./faults.ts";
import type { Fleet } from "./fleet.ts";
import type { Scenario } from "./scenario.ts";
import { GRACE_MS, REQUEST_TIMEOUT_MS, RULES, STORE_OPTIONS, unhurried, UNHURRIED_RULES } from "./settings.ts";
import type { World } from "./world.ts";

/** Parameters of every scenario. */
export type Given = Pick<Scenario, "seed" | "sources" | "log" | "folder" | "compileCache">;

/** Parameters of a scenario on servers, with the name of its keyspace. */
export type GivenServers = Given & { readonly keyspace: string };

/** Difference between the clocks of two processes in milliseconds. */
const SKEW_MS = 5_000;

const times = (count: number, fault: () => Fault): Fault[] => Array.from({ length: count }, fault);

/** A few faults of the servers, the network, the provider and the processes. */
export function aFewFaults({ keyspace, ...given }: GivenServers, world: World): Scenario {
  const { qdrant, cqlNetwork, qdrantNetwork } = world;
  return {
    ...given,
    name: "a few faults",
    store: world.storeIn(keyspace),
    processes: 2,
    clients: 3,
    calmMs: [200, 700],
    afterMs: 1_000,
    faults: (fleet, random) => [
      ...times(3, () => processKilled(fleet, random)),
      processPaused(fleet, random, GRACE_MS),
      qdrantKilled(qdrant),
      network("Qdrant", qdrantNetwork, { kind: "answers lost", resetAfterMs: 200 }, [500, 1_000]),
      network("CQL", cqlNetwork, { kind: "partition" }, [500, 1_500]),
      provider(fleet, "down", [300, 800]),
    ],
    rules: RULES,
  };
}

/** Every fault of one node and its Qdrant, twice, some concurrently. */
export function everyFault({ keyspace, ...given }: GivenServers, world: World): Scenario {
  const { qdrant, cqlNetwork, qdrantNetwork } = world;
  const both = (fault: Parameters<typeof network>[2], lastsMs: Fault["lastsMs"]): Fault[] => [
    network("CQL", cqlNetwork, fault, lastsMs),
    network("Qdrant", qdrantNetwork, fault, lastsMs),
  ];
  return {
    ...given,
    name: "every fault",
    store: world.storeIn(keyspace),
    processes: 3,
    clients: 4,
    calmMs: [300, 1_500],
    pairs: 0.3,
    afterMs: 3_000,
    faults: (fleet, random) => [
      ...[1, 2].flatMap(() => [
        qdrantKilled(qdrant),
        qdrantEmptied(qdrant),
        ...both({ kind: "partition" }, [1_000, 4_000]),
        ...both({ kind: "latency", ms: 2_000 }, [4_000, 6_000]),
        ...both({ kind: "cut", every: 20 }, [1_000, 2_000]),
        ...both({ kind: "answers lost", resetAfterMs: 300 }, [1_000, 2_000]),
        provider(fleet, "down", [1_000, 2_000]),
        provider(fleet, "slow", [1_000, 3_000]),
        processPaused(fleet, random, GRACE_MS),
        processKilled(fleet, random),
      ]),
      qdrantPaused(qdrant, [10_000, 10_000]),
    ],
    rules: RULES,
  };
}

/** Deadlines of 300 ms, aborted calls and frozen services: interrupted calls leave consistent data. */
export function cutShort({ keyspace, ...given }: GivenServers, world: World, rounds: number): Scenario {
  const { qdrant, cqlNetwork, qdrantNetwork } = world;
  const store = world.storeIn(keyspace);
  const hasty = { ...store.options, limits: { deadlineMs: 300, writeDeadlineMs: 600 } };
  return {
    ...given,
    name: "cut short",
    // The judge has no short deadline.
    store,
    storeOf: () => ({ ...store, options: hasty }) as StoreOptions,
    processes: 2,
    clients: 4,
    aborts: { share: 0.3, withinMs: 400 },
    calmMs: [200, 1_000],
    pairs: 0.3,
    afterMs: 3_000,
    faults: (fleet, random) =>
      Array.from({ length: rounds }).flatMap(() => [
        qdrantPaused(qdrant, [1_000, 4_000]),
        network("CQL", cqlNetwork, { kind: "partition" }, [500, 3_000]),
        network("Qdrant", qdrantNetwork, { kind: "partition" }, [500, 3_000]),
        network("CQL", cqlNetwork, { kind: "latency", ms: 250 }, [1_000, 3_000]),
        provider(fleet, "slow", [1_000, 3_000]),
        processPaused(fleet, random, GRACE_MS),
        processKilled(fleet, random),
      ]),
    rules: { ...RULES, deadlineMs: 600, refusals: ["UNAVAILABLE", "TIMEOUT", "CONNECTION", "VECTOR_SYNC", "EMBEDDING"], mayAbort: true },
  };
}

/** Processes are killed at any point, one after the other. */
export function killsOnServers({ keyspace, ...given }: GivenServers, world: World, kills: number): Scenario {
  return { ...given, ...killing(kills), name: "kills", store: unhurried(world.storeIn(keyspace)) };
}

/** The same on one file, with processes that are stopped beyond the grace period. */
export function killsOnFile(given: Given, path: string, kills: number, pauses: number): Scenario {
  const { faults, ...killed } = killing(kills);
  return {
    ...given,
    ...killed,
    name: "kills on one file",
    store: unhurried(embedded(path)),
    faults: (fleet, random) => [...faults(fleet, random), ...times(pauses, () => processPaused(fleet, random, GRACE_MS))],
  };
}

function killing(kills: number) {
  return {
    processes: 3,
    clients: 4,
    calmMs: [0, 200] as const,
    afterMs: 2_000,
    faults: (fleet: Fleet, random: Random): readonly Fault[] => times(kills, () => processKilled(fleet, random)),
    rules: UNHURRIED_RULES,
  };
}

/** Processes with clocks that differ by seconds, on shared keys. */
export function clocksApart(given: Given, store: StoreOptions, forMs: number): Scenario {
  return {
    ...given,
    name: `clocks ${SKEW_MS} ms apart`,
    store: unhurried(store),
    processes: 3,
    clients: 3,
    keys: 2,
    clock: (number) => ({ skewMs: (number - 1) * SKEW_MS }),
    // A TTL below the clock difference has already expired for some processes.
    mix: { ...EVERYTHING, "put-ttl": 0 },
    calmMs: [0, 0],
    afterMs: forMs,
    faults: () => [],
    rules: { ...UNHURRIED_RULES, clockSpreadMs: 2 * SKEW_MS },
  };
}

/** Processes that draw equal timestamps: of two such writes, exactly one remains. */
export function equalTimestamps(given: Given, store: StoreOptions, forMs: number): Scenario {
  return {
    ...given,
    name: "equal timestamps",
    store: unhurried(store),
    processes: 3,
    clients: 4,
    keys: 1,
    clock: () => ({ tickMs: 200 }),
    calmMs: [0, 0],
    afterMs: forMs,
    faults: () => [],
    rules: { ...UNHURRIED_RULES, clockSpreadMs: 400 },
  };
}

/** Nodes of a cluster are killed: one, without any effect, and two, after which no write is acknowledged. */
export function nodesOfCluster({ keyspace, ...given }: GivenServers, cluster: CassandraCluster, qdrant: LocalQdrant): Scenario {
  return {
    ...given,
    name: "nodes killed",
    store: {
      kind: "servers",
      options: {
        ...STORE_OPTIONS,
        cql: {
          contactPoints: cluster.contactPoints,
          localDataCenter: cluster.localDataCenter,
          keyspace,
          requestTimeoutMs: REQUEST_TIMEOUT_MS,
        },
        qdrant: { url: qdrant.url, requestTimeoutMs: REQUEST_TIMEOUT_MS },
      },
    },
    processes: 2,
    clients: 3,
    calmMs: [2_000, 4_000],
    afterMs: 5_000,
    faults: (_, random) => [
      nodesKilled(cluster, 1, random, [2_000, 6_000]),
      nodesKilled(cluster, 2, random, [2_000, 5_000]),
      nodesKilled(cluster, 1, random, [2_000, 6_000]),
    ],
    rules: { ...RULES, recoveryMs: 30_000 },
  };
}

/** More and larger calls than fit into memory: calls that are not served are refused, and no process dies. */
export function littleMemory({ keyspace, ...given }: GivenServers, world: World, forMs: number): Scenario {
  return {
    ...given,
    name: "little memory",
    // Slow servers are not a fault here, so their connections must not be closed.
    store: world.storeIn(keyspace, world.qdrant.url, 6_000),
    processes: 1,
    clients: 200,
    keys: 8,
    padBytes: 1_000_000,
    limit: 3,
    mix: { get: 4, put: 4, "put-ttl": 0, delete: 1, batch: 0, "search-text": 1, "search-filter": 0, list: 1 },
    nodeArguments: ["--max-old-space-size=512"],
    calmMs: [0, 0],
    afterMs: forMs,
    faults: () => [],
    rules: { ...RULES, slackMs: 15_000, refusals: ["UNAVAILABLE", "TIMEOUT", "CONNECTION", "VECTOR_SYNC"] },
  };
}

/** Returns the options of a store on one file. */
export function embedded(path: string): StoreOptions {
  return { kind: "embedded", options: { ...STORE_OPTIONS, path } };
}
