import { inject } from "vitest";
import { rankingUse } from "../support/ranking-use.ts";
import { onServers } from "../support/stores.ts";

rankingUse(onServers(inject("servers")));
