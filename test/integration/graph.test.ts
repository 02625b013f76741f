import { inject } from "vitest";
import { graphUse } from "../support/graph-use.ts";
import { onServers } from "../support/stores.ts";

graphUse("CQL and Qdrant", onServers(inject("servers")));
