/** The servers that the benchmark uses. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../servers/postgres.ts";
import { startServers } from "../servers/servers.ts";
import type { BenchEnvironment, SystemName } from "./system.ts";

/** Running servers. */
export interface StartedEnvironment {
  readonly environment: BenchEnvironment;
  /** Description of the servers for the report. */
  readonly servers: string;
  /** Why Postgres is missing; null if it runs. */
  readonly whyNoPostgres: string | null;
  stop(): Promise<void>;
}

/** Starts the servers that the systems need, in a realistic configuration: an optimizing JVM, default commit logs. */
export async function startEnvironment(systems: readonly SystemName[]): Promise<StartedEnvironment> {
  const needsServers = systems.includes("servers") || systems.includes("raw");
  const servers = needsServers ? await startServers({ jit: "full" }) : null;
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  let postgres: Awaited<ReturnType<typeof startPostgres>> | null = null;
  let whyNoPostgres: string | null = null;
  if (systems.includes("postgres")) {
    try {
      postgres = await startPostgres();
    } catch (error) {
      whyNoPostgres = (error as Error).message;
    }
  }
  return {
    environment: {
      servers: servers && {
        cql: { contactPoints: servers.cql.contactPoints, localDataCenter: servers.cql.localDataCenter },
        qdrant: { url: servers.qdrant.url },
      },
      postgres: postgres?.connectionString ?? null,
      folder,
      storeName: "bench_store",
      hasTerms: true,
    },
    servers: servers === null ? "no servers" : `${servers.source === "docker" ? "ScyllaDB" : "Cassandra"} and Qdrant (${servers.source})`,
    whyNoPostgres,
    async stop() {
      await Promise.all([servers?.stop(), postgres?.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
