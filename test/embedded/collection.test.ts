import { collectionUse } from "../support/collection-use.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

collectionUse("one local file", makeEmbeddedStore);
