/** LangGraph long-term memory on ScyllaDB or Cassandra with Qdrant, or on one local file. */
export type { EmbeddedStoreConfig, ScyllaDBStoreConfig } from "./config/schema.ts";
export type { IndexRule } from "./core/index-rules.ts";
export type { TtlRule } from "./core/ttl-rules.ts";
export type { DegradedReason, SearchInfo } from "./core/found.ts";
export {
  AuthenticationError,
  BatchError,
  ClosedError,
  ConfigurationError,
  ConnectionError,
  EmbeddingError,
  isStoreError,
  PermissionError,
  QueryError,
  SchemaError,
  StoreError,
  TimeoutError,
  UnavailableError,
  ValidationError,
  VectorSyncError,
  type ErrorDetails,
  type StoreErrorCode,
} from "./model/errors.ts";
export type { ListingOrder } from "./model/operation.ts";
export type { EmbeddingsLike } from "./ports/embedder.ts";
export type { LogFields, Logger } from "./ports/logger.ts";
export { ScyllaDBStore } from "./store.ts";
export type { ReconcileReport } from "./sync/reconciler.ts";
export type { RepairReport } from "./sync/repair.ts";
export {
  StoreView,
  type GetOptions,
  type PutOptions,
  type SearchOptions,
  type SearchResults,
  type ViewDefaults,
} from "./views.ts";
