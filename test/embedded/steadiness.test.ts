import { steadiness } from "../support/steadiness.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

steadiness("one local file", makeEmbeddedStore);
