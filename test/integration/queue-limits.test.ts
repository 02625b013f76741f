import { inject } from "vitest";
import { queueUse } from "../support/queue-use.ts";
import { onServers } from "../support/stores.ts";

queueUse("CQL and Qdrant", onServers(inject("servers")), 1_500);
