import { queueUse } from "../support/queue-use.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

queueUse("one local file", makeEmbeddedStore, 15_000);
