// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Bounds of the calls to each service. */
export interface BulkheadOptions {
  /**
   * Most calls to one service that are under way at once; others wait.
   *
   * @default 256
   */
  maxConcurrent?: number | undefined;
  /**
   * Most calls to one service, or to the local file, that wait; beyond, they are rejected as unavailable.
   *
   * @default 10000
   */
  maxQueued?: number | undefined;
}
