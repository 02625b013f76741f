import { rankingUse } from "../support/ranking-use.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

rankingUse(makeEmbeddedStore);
