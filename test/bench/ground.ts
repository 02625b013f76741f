/** The servers that the benchmark stands on. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../servers/postgres.ts";
import { startServers } from "../servers/servers.ts";
import type { Ground } from "./system.ts";

/** Servers that are up. */
export interface StartedGround {
  readonly ground: Ground;
  /** What they are, for the report. */
  readonly servers: string;
  /** Why Postgres is missing; null where it is up. */
  readonly whyNoPostgres: string | null;
  stop(): Promise<void>;
}

/** Starts what a user would measure on: a Java that optimizes, commit logs as they are by default. */
export async function startGround({ withPostgres }: { readonly withPostgres: boolean }): Promise<StartedGround> {
  const servers = await startServers({ jit: "full" });
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  let postgres: Awaited<ReturnType<typeof startPostgres>> | null = null;
  let whyNoPostgres: string | null = null;
  if (withPostgres) {
    try {
      postgres = await startPostgres();
    } catch (error) {
      whyNoPostgres = (error as Error).message;
    }
  }
  const { contactPoints, localDataCenter } = servers.cql;
  return {
    ground: {
      cql: { contactPoints, localDataCenter },
      qdrant: { url: servers.qdrant.url },
      postgres: postgres?.connectionString ?? null,
      folder,
    },
    servers: `${servers.source === "docker" ? "ScyllaDB" : "Cassandra"} and Qdrant (${servers.source})`,
    whyNoPostgres,
    async stop() {
      await Promise.all([servers.stop(), postgres?.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
