/** Values that are larger together than one call may return, on a local file. */
import { largeValuesUse } from "../support/large-values-use.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

largeValuesUse("one local file", makeEmbeddedStore);
