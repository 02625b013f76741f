import { inject } from "vitest";
import { onServers } from "../support/stores.ts";
import { ttlUse } from "../support/ttl-use.ts";

ttlUse("CQL and Qdrant", onServers(inject("servers")));
