// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** How long items live. */
export interface TtlOptions {
  /**
   * Minutes that an item lives unless its put says otherwise; no end by default.
   *
   * @example 43200
   */
  defaultTtl?: number | undefined;
  /**
   * Minutes between two sweeps, which take away the vectors of items that have ended.
   *
   * @default 60
   */
  sweepIntervalMinutes?: number | undefined;
  /**
   * Whether get and search renew the time to live of what they return.
   *
   * @default true
   */
  refreshOnRead?: boolean | undefined;
  /**
   * Minutes by namespace, null for no end; the first rule that fits wins over `defaultTtl`.
   *
   * @default []
   * @example [{"namespace":["sessions"],"defaultTtl":60}]
   */
  rules?: TtlRuleOptions[] | undefined;
}

/** One of `ttl.rules`. */
export interface TtlRuleOptions {
  /**
   * Leading labels of the namespaces that the rule is for; "*" stands for any one label.
   *
   * @example ["users"]
   */
  namespace: string[];
  /** Minutes that an item lives; null for no expiry. */
  defaultTtl: number | null;
}
