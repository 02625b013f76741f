// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** The reconciler, which finishes what a crash or an outage left. */
export interface ReconcileOptions {
  /**
   * After so long without its end, milliseconds, any process sees to a write.
   *
   * @default 60000
   */
  graceMs?: number | undefined;
  /**
   * Between two looks at what is due, milliseconds.
   *
   * @default 5000
   */
  tickMs?: number | undefined;
  /**
   * A note of a write stays so long after its end, milliseconds: longer than Qdrant takes to flush.
   *
   * @default 6000
   */
  flushMs?: number | undefined;
}
