/** What every entry of the package exports beside its store. */
export type { AnyValue, CallOptions, GetOptions, Item, ListNamespacesOptions, PutOptions, SearchItem, SearchOptions, SearchResults } from "./call-options.ts";
export { Collection, type CollectionOptions, type CollectionPutOptions, type CollectionResults, type OnInvalid } from "./collection.ts";
export type { ActorSource } from "./audit/actor.ts";
export { aesGcmCodec, type AesGcmOptions, type AesKey } from "./codec/aes-gcm.ts";
export type * from "./config/option-types/index.ts";
export type { IndexRule } from "./core/index-rules.ts";
export type { TtlRule } from "./core/ttl-rules.ts";
export type { Explanation, RankedFactor, RankedScore, SearchInfo, SkippedStep } from "./core/found.ts";
export type { DegradedReason } from "./model/degraded-reason.ts";
export {
  AbortError,
  AuditError,
  AuthenticationError,
  BatchError,
  ClosedError,
  CodecError,
  ConfigurationError,
  ConnectionError,
  EmbeddingError,
  isStoreError,
  PermissionError,
  QueryError,
  RateLimitError,
  SchemaError,
  StoreError,
  TimeoutError,
  UnavailableError,
  ValidationError,
  VectorSyncError,
  type ErrorDetails,
  type StoreErrorCode,
} from "./model/errors.ts";
export type { CountOptions, ItemsOptions } from "./iteration.ts";
export type { KeywordLanguage } from "./model/keyword-language.ts";
export type { Boost, Decay, Diversity, DocumentCompressor, RankingOptions, RerankDocument, Reranker, RerankFunction } from "./model/ranking-options.ts";
export type { ListingOrder } from "./model/request.ts";
export type { SearchMode } from "./model/search-mode.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./model/standard-schema.ts";
export type { Filter } from "./model/typed-filter.ts";
export type { AlertCondition, AlertNotice, AlertSeverity, AlertSinkName } from "./ports/alerts.ts";
export type { AuditedOperation, AuditEntry, AuditErasure } from "./ports/audit.ts";
export type { Codec, CodecContext } from "./ports/codec.ts";
export type { EmbeddingsLike } from "./ports/embedder.ts";
export type { Finding } from "./ports/diagnosis.ts";
export type { SchemaMigration, SchemaStatus } from "./ports/schema.ts";
export type { BreakerState, Service, StoreEvent, StoreEventType } from "./ports/events.ts";
export type { BackupManifest, BackupOptions, RestoreOptions } from "./operator/backup.ts";
export type { Compression } from "./operator/compression.ts";
export type { PartitionStatus, RebucketOptions, RebucketPhase, RebucketProgress, RebucketReport } from "./ports/partitions.ts";
export type { EraseOptions, EraseReport } from "./operator/erase-report.ts";
export type { AuditErasureReport } from "./operator/erase-audit.ts";
export type { Remains } from "./operator/erase-remains.ts";
export type { ExportOptions, ExportReport, TransferProgress } from "./operator/export.ts";
export type { SourceStore } from "./operator/import-source.ts";
export type { ImportedVectors } from "./operator/transferred-vectors.ts";
export type { ImportVerification } from "./operator/verify-import.ts";
export type { ImportOptions, ImportRejection, ImportReport } from "./operator/import-report.ts";
export type { FillCounts } from "./sync/index-fill.ts";
export type { GenerationSummary, ReindexOptions, ReindexProgress, ReindexRemoval, ReindexReport, ReindexStatus } from "./sync/reindex-report.ts";
export type { LogFields, Logger } from "./ports/logger.ts";
export type { CqlNode, ReconcileVerdict } from "./ports/telemetry.ts";
export type { ReloadReport } from "./runtime/reload.ts";
export type { PartialServerConfig } from "./runtime/server-runtime.ts";
export type { OperatorCalls } from "./operator-calls.ts";
export type { StoreBase } from "./store.ts";
export type { ReconcileReport } from "./sync/reconciler.ts";
export type { RepairOptions, RepairProgress, RepairReport } from "./sync/repair-report.ts";
export type { SweepReport } from "./sync/sweeper.ts";
export type { BacklogHealth, Health, ServiceHealth } from "./telemetry/health.ts";
export type { LatencyStats } from "./telemetry/recent-latency.ts";
export type { OperationStats, ServiceStats, StoreStats } from "./telemetry/stats.ts";
export type { StoreEventListener, StoreEventMap } from "./telemetry/event-listeners.ts";
export type { ViewDefaults } from "./view-defaults.ts";
export { StoreOperations, StoreView } from "./store-operations.ts";
