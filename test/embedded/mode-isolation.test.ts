import { modeIsolation } from "../support/mode-isolation.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

modeIsolation(makeEmbeddedStore);
