import { makeEmbeddedStore } from "../support/stores.ts";
import { ttlUse } from "../support/ttl-use.ts";

ttlUse("one local file", makeEmbeddedStore);
