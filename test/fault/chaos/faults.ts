/** Faults. Each begins, lasts for some time, and ends. */
import type { CassandraCluster } from "../../servers/cassandra-cluster.ts";
import type { LocalQdrant } from "../../servers/qdrant.ts";
import type { NetworkFault, TcpProxy } from "../../support/tcp-proxy.ts";
import type { Service } from "../history/history.ts";
import type { HistoryProcess } from "../history/history-process.ts";
import type { ProviderState } from "../history/open-store.ts";
import type { Random } from "../history/random.ts";
import type { Fleet } from "./fleet.ts";

/** A failure with a duration. */
export interface Fault {
  readonly name: string;
  /** The service that it makes unavailable. */
  readonly hits: readonly Service[];
  /** Shortest and longest duration in milliseconds. */
  readonly lastsMs: readonly [number, number];
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Kills Qdrant (-9) and restarts it at the same address. */
export function qdrantKilled(qdrant: LocalQdrant): Fault {
  return {
    name: "Qdrant killed",
    hits: ["vectors"],
    lastsMs: [200, 2_000],
    begin: () => qdrant.kill(),
    end: () => qdrant.start(),
  };
}

/** Kills Qdrant and starts it with an empty disk. */
export function qdrantEmptied(qdrant: LocalQdrant): Fault {
  return {
    name: "Qdrant emptied",
    hits: ["vectors"],
    lastsMs: [0, 500],
    begin: () => qdrant.kill(),
    end: () => qdrant.restart({ data: "lose" }),
  };
}

/** Freezes Qdrant: connections stay open, and no request is answered. */
export function qdrantPaused(qdrant: LocalQdrant, lastsMs: Fault["lastsMs"]): Fault {
  return {
    name: "Qdrant paused",
    hits: ["vectors"],
    lastsMs,
    begin: () => qdrant.pause(),
    end: async () => qdrant.resume(),
  };
}

/** Fails the network between the processes and a server. */
export function network(
  server: "CQL" | "Qdrant",
  proxy: TcpProxy,
  fault: NetworkFault,
  lastsMs: Fault["lastsMs"],
): Fault {
  return {
    name: `${server} ${fault.kind}`,
    hits: [server === "CQL" ? "records" : "vectors"],
    lastsMs,
    begin: async () => proxy.impose(fault),
    end: async () => proxy.heal(),
  };
}

/** Kills nodes of the cluster and restarts them. */
export function nodesKilled(cluster: CassandraCluster, count: 1 | 2, random: Random, lastsMs: Fault["lastsMs"]): Fault {
  let victims: CassandraCluster["nodes"] = [];
  return {
    name: count === 1 ? "a node killed" : "two nodes killed",
    hits: ["records"],
    lastsMs,
    async begin() {
      victims = random.shuffled(cluster.nodes).slice(0, count);
      await Promise.all(victims.map((node) => node.kill()));
    },
    async end() {
      await Promise.all(victims.map((node) => node.start()));
      await cluster.waitUntilAllUp();
    },
  };
}

/** Makes the embedding provider fail or slow for every process. */
export function provider(fleet: Fleet, state: Exclude<ProviderState, "up">, lastsMs: Fault["lastsMs"]): Fault {
  return {
    name: `provider ${state}`,
    hits: ["provider"],
    lastsMs,
    begin: async () => fleet.setProvider(state),
    end: async () => fleet.setProvider("up"),
  };
}

/** Kills a process (-9) at any point, and starts a replacement. */
export function processKilled(fleet: Fleet, random: Random): Fault {
  return {
    name: "a process killed",
    hits: ["processes"],
    lastsMs: [0, 300],
    begin: () => fleet.killOne(random),
    end: async () => undefined,
  };
}

/** Stops a process beyond the grace period after which others complete its writes, then resumes or kills it. */
export function processPaused(fleet: Fleet, random: Random, graceMs: number): Fault {
  let victim: HistoryProcess | null = null;
  return {
    name: "a process paused",
    hits: ["processes"],
    lastsMs: [graceMs + 500, 2 * graceMs + 2_000],
    async begin() {
      victim = fleet.pauseOne(random);
    },
    async end() {
      if (victim !== null && random.below(2) === 0) {
        await fleet.kill(victim);
        await fleet.startAnother().ready;
      } else {
        victim?.resume();
      }
    },
  };
}
