// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Retries of calls to a service (records, vectors, embedding provider) after transient failures. */
export interface RetryOptions {
  /**
   * Attempts in total; 1 disables retries.
   *
   * @default 3
   */
  maxAttempts?: number | undefined;
  /**
   * Delay before the second attempt, in milliseconds; doubles with each attempt.
   *
   * @default 500
   */
  initialDelayMs?: number | undefined;
  /**
   * Longest delay between attempts, in milliseconds.
   *
   * @default 10000
   */
  maxDelayMs?: number | undefined;
}
