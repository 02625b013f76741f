import { searchModesUse } from "../support/search-modes-use.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

searchModesUse(makeEmbeddedStore);
