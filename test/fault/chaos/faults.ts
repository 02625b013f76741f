/** Faults: each begins, lasts for a while, and ends. */
import type { CassandraCluster } from "../../servers/cassandra-cluster.ts";
import type { LocalQdrant } from "../../servers/qdrant.ts";
import type { NetworkFault, TcpProxy } from "../../support/tcp-proxy.ts";
import type { Service } from "../history/history.ts";
import type { HistoryProcess } from "../history/history-process.ts";
import type { ProviderState } from "../history/open-store.ts";
import type { Random } from "../history/random.ts";
import type { Fleet } from "./fleet.ts";

/** Something that goes wrong for a while. */
export interface Fault {
  readonly name: string;
  /** What it takes away. */
  readonly hits: readonly Service[];
  /** Shortest and longest time that it lasts, milliseconds. */
  readonly lastsMs: readonly [number, number];
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Qdrant is killed (-9), and started again where it was. */
export function qdrantKilled(qdrant: LocalQdrant): Fault {
  return {
    name: "Qdrant killed",
    hits: ["vectors"],
    lastsMs: [200, 2_000],
    begin: () => qdrant.kill(),
    end: () => qdrant.start(),
  };
}

/** Qdrant is killed, and started with an empty disk. */
export function qdrantEmptied(qdrant: LocalQdrant): Fault {
  return {
    name: "Qdrant emptied",
    hits: ["vectors"],
    lastsMs: [0, 500],
    begin: () => qdrant.kill(),
    end: () => qdrant.restart({ data: "lose" }),
  };
}

/** Qdrant stands still: connections stay, and nothing answers. */
export function qdrantPaused(qdrant: LocalQdrant, lastsMs: Fault["lastsMs"]): Fault {
  return {
    name: "Qdrant paused",
    hits: ["vectors"],
    lastsMs,
    begin: () => qdrant.pause(),
    end: async () => qdrant.resume(),
  };
}

/** The network between the processes and a server fails. */
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

/** Nodes of the cluster are killed, and started again. */
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

/** The embedding provider fails, or is slow, for every process. */
export function provider(fleet: Fleet, state: Exclude<ProviderState, "up">, lastsMs: Fault["lastsMs"]): Fault {
  return {
    name: `provider ${state}`,
    hits: ["provider"],
    lastsMs,
    begin: async () => fleet.setProvider(state),
    end: async () => fleet.setProvider("up"),
  };
}

/** A process is killed (-9) at whatever it is at, and another takes its place. */
export function processKilled(fleet: Fleet, random: Random): Fault {
  return {
    name: "a process killed",
    hits: ["processes"],
    lastsMs: [0, 300],
    begin: () => fleet.killOne(random),
    end: async () => undefined,
  };
}

/** A process stands still for longer than the grace after which others see to its writes; then it goes on, or is killed. */
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
