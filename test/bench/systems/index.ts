import type { Ground, ServerPair, System, SystemName } from "../system.ts";
import { memorySystem } from "./memory.ts";
import { embeddedSystem, serversSystem } from "./ours.ts";
import { postgresSystem } from "./postgres.ts";
import { rawSystem } from "./raw.ts";

/** Connects to a system. */
export function connectTo(name: SystemName, ground: Ground): Promise<System> {
  switch (name) {
    case "servers":
      return serversSystem(serversOf(ground), ground.storeName);
    case "embedded":
      return embeddedSystem(ground);
    case "raw":
      return rawSystem(serversOf(ground));
    case "memory":
      return memorySystem();
    case "postgres":
      if (ground.postgres === null) throw new Error("Postgres is not started");
      return postgresSystem(ground.postgres);
  }
}

function serversOf({ servers }: Ground): ServerPair {
  if (servers === null) throw new Error("No servers are started");
  return servers;
}
