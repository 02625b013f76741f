import { inject } from "vitest";
import { randomOperations } from "../support/random-operations.ts";
import { onServers } from "../support/stores.ts";

randomOperations("CQL and Qdrant", onServers(inject("servers")), 25);
