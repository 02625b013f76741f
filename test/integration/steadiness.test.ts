import { inject } from "vitest";
import { steadiness } from "../support/steadiness.ts";
import { onServers } from "../support/stores.ts";

steadiness("CQL and Qdrant", onServers(inject("servers")));
