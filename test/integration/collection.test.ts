import { inject } from "vitest";
import { collectionUse } from "../support/collection-use.ts";
import { onServers } from "../support/stores.ts";

collectionUse("CQL and Qdrant", onServers(inject("servers")));
