import { inject } from "vitest";
import { randomModes } from "../support/random-modes.ts";
import { randomOperations } from "../support/random-operations.ts";
import { onServers } from "../support/stores.ts";

randomOperations("CQL and Qdrant", onServers(inject("servers")), 25);
randomModes("CQL and Qdrant", onServers(inject("servers")), 8);
