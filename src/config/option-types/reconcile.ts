// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** The reconciler, which completes writes after a crash or an outage. */
export interface ReconcileOptions {
  /**
   * Age after which any process completes an incomplete write, in milliseconds.
   *
   * @default 60000
   */
  graceMs?: number | undefined;
  /**
   * Interval at which the reconciler reads due intents, in milliseconds.
   *
   * @default 5000
   */
  tickMs?: number | undefined;
  /**
   * Time that an intent is kept after its write completed, in milliseconds; must be longer than Qdrant's flush interval. On a local file, it is not kept.
   *
   * @default 6000
   */
  flushMs?: number | undefined;
}
