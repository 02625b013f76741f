import type { Ground, System, SystemName } from "../system.ts";
import { memorySystem } from "./memory.ts";
import { embeddedSystem, serversSystem } from "./ours.ts";
import { postgresSystem } from "./postgres.ts";
import { rawSystem } from "./raw.ts";

/** Connects to a system. */
export function connectTo(name: SystemName, ground: Ground): Promise<System> {
  switch (name) {
    case "servers":
      return serversSystem(ground);
    case "embedded":
      return embeddedSystem(ground);
    case "raw":
      return rawSystem(ground);
    case "memory":
      return memorySystem();
    case "postgres":
      if (ground.postgres === null) throw new Error("Postgres is not started");
      return postgresSystem(ground.postgres);
  }
}
