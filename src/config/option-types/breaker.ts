// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Circuit breakers for the records in CQL, for Qdrant and for the embedding provider. */
export interface BreakerOptions {
  /**
   * Consecutive failed calls, retries included, after which the circuit opens.
   *
   * @default 5
   */
  failures?: number | undefined;
  /**
   * Time until an open circuit lets one half-open probe through, in milliseconds.
   *
   * @default 5000
   */
  halfOpenAfterMs?: number | undefined;
}
