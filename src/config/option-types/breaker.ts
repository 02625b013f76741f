// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Circuit breakers: one each for the records in CQL, for Qdrant and for the embedding provider. */
export interface BreakerOptions {
  /**
   * Calls that failed in a row, with all their attempts, after which a service is left alone.
   *
   * @default 5
   */
  failures?: number | undefined;
  /**
   * After so long, in milliseconds, one call tries whether it is back.
   *
   * @default 5000
   */
  halfOpenAfterMs?: number | undefined;
}
