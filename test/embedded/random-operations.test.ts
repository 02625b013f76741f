import { randomModes } from "../support/random-modes.ts";
import { randomOperations } from "../support/random-operations.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

randomOperations("one local file", makeEmbeddedStore, 60);
randomModes("one local file", makeEmbeddedStore, 25);
