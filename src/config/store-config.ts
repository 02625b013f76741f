/** The configuration of either kind of store. */
import type { EmbeddedStoreConfig } from "./option-types/embedded-store.ts";
import type { ScyllaDBStoreConfig } from "./option-types/server-store.ts";

/** The configuration of a store on servers or on one local file. */
export type StoreConfig = ScyllaDBStoreConfig | EmbeddedStoreConfig;
