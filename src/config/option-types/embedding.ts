// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Calls to the embedding provider. */
export interface EmbeddingOptions {
  /**
   * Most texts in one call to the provider.
   *
   * @default 128
   */
  maxTextsPerCall?: number | undefined;
  /**
   * Most calls to the provider under way at once.
   *
   * @default 4
   */
  maxCalls?: number | undefined;
  /**
   * Most texts that wait for the provider; beyond, calls are refused.
   *
   * @default 50000
   */
  maxWaitingTexts?: number | undefined;
  /**
   * Memory for cached vectors, in bytes; 0 keeps none.
   *
   * @default 33554432
   */
  cacheBytes?: number | undefined;
}
