// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Calls to a service (records, vectors, embedding provider) that failed for a passing reason. */
export interface RetryOptions {
  /**
   * Attempts in all; 1 tries once.
   *
   * @default 3
   */
  maxAttempts?: number | undefined;
  /**
   * Pause before the second attempt, in milliseconds; doubles each time.
   *
   * @default 500
   */
  initialDelayMs?: number | undefined;
  /**
   * Longest pause, in milliseconds.
   *
   * @default 10000
   */
  maxDelayMs?: number | undefined;
}
