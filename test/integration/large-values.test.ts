/** Values that are larger together than one call may return, on servers. */
import { inject } from "vitest";
import { largeValuesUse } from "../support/large-values-use.ts";
import { onServers } from "../support/stores.ts";

largeValuesUse("servers", (options) => onServers(inject("servers"))(options));
