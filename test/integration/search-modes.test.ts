import { inject } from "vitest";
import { searchModesUse } from "../support/search-modes-use.ts";
import { onServers } from "../support/stores.ts";

searchModesUse(onServers(inject("servers")));
