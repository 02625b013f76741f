/**
 * Conformance suites for LangGraph stores and for the ports of this one, for vitest, and embedding models for tests.
 *
 * @module
 */
export type { ClaimName, StoreClaims } from "./claims.ts";
export { DEFAULT_CLAIMS } from "./claims.ts";
export { FailingEmbeddings, HashEmbeddings, RecordingEmbeddings, TableEmbeddings } from "./embeddings.ts";
export type { ConformanceStore, StoreConformanceHarness } from "./harness.ts";
export { itemRepositorySuite, type ItemRepositorySuite } from "./item-repository-suite.ts";
export { outboxSuite, type OutboxSuite } from "./outbox-suite.ts";
export { settingsSuite, type SettingsSuite } from "./settings-suite.ts";
export { storeConformance } from "./store-conformance.ts";
export { vectorMetricSuite, type VectorMetricSuite } from "./vector-index-metric.ts";
export { vectorIndexSuite, type VectorIndexSuite } from "./vector-index-suite.ts";
