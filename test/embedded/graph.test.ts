import { graphUse } from "../support/graph-use.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

graphUse("one local file", makeEmbeddedStore);
