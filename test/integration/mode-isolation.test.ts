import { inject } from "vitest";
import { modeIsolation } from "../support/mode-isolation.ts";
import { onServers } from "../support/stores.ts";

modeIsolation(onServers(inject("servers")));
