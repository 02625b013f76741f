// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Bounds of concurrent and queued calls to each service. */
export interface BulkheadOptions {
  /**
   * Most calls in flight to one service; others wait.
   *
   * @default 256
   */
  maxConcurrent?: number | undefined;
  /**
   * Most calls that wait for one service or for the local file; beyond it, calls are rejected as unavailable.
   *
   * @default 10000
   */
  maxQueued?: number | undefined;
}
