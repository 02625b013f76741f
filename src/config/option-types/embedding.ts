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
   * Most concurrent calls to the provider.
   *
   * @default 4
   */
  maxCalls?: number | undefined;
  /**
   * Most texts that wait for the provider; beyond it, calls are rejected as unavailable.
   *
   * @default 50000
   */
  maxWaitingTexts?: number | undefined;
  /**
   * Size of the vector cache, in bytes; 0 disables it.
   *
   * @default 33554432
   */
  cacheBytes?: number | undefined;
  /**
   * How long a vector stays in the cache after it was computed, in minutes. A running process can hold the vector of an erased text for that time.
   *
   * @default 60
   */
  cacheMinutes?: number | undefined;
}
