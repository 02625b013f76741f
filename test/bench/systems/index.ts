import type { BenchEnvironment, ServerPair, System, SystemName } from "../system.ts";
import { memorySystem } from "./memory.ts";
import { embeddedSystem, serversSystem } from "./ours.ts";
import { postgresSystem } from "./postgres.ts";
import { rawSystem } from "./raw.ts";

/** Connects to a system. */
export function connectTo(name: SystemName, environment: BenchEnvironment): Promise<System> {
  switch (name) {
    case "servers":
      return serversSystem(serversOf(environment), environment);
    case "embedded":
      return embeddedSystem(environment);
    case "raw":
      return rawSystem(serversOf(environment));
    case "memory":
      return memorySystem();
    case "postgres":
      if (environment.postgres === null) throw new Error("Postgres is not started");
      return postgresSystem(environment.postgres);
  }
}

function serversOf({ servers }: BenchEnvironment): ServerPair {
  if (servers === null) throw new Error("No servers are started");
  return servers;
}
