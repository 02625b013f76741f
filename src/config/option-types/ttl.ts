// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Times to live of items. */
export interface TtlOptions {
  /**
   * Time to live of an item whose put sets none, in minutes; without it, items do not expire.
   *
   * @example 43200
   */
  defaultTtl?: number | undefined;
  /**
   * Interval between two sweeps, in minutes; a sweep deletes the vectors of expired items.
   *
   * @default 60
   */
  sweepIntervalMinutes?: number | undefined;
  /**
   * Whether get and search refresh the time to live of the items that they return.
   *
   * @default true
   */
  refreshOnRead?: boolean | undefined;
  /**
   * Times to live by namespace; the first matching rule overrides `defaultTtl`.
   *
   * @default []
   * @example [{"namespace":["sessions"],"defaultTtl":60}]
   */
  rules?: TtlRuleOptions[] | undefined;
}

/** One of `ttl.rules`. */
export interface TtlRuleOptions {
  /**
   * Leading labels of the namespaces that the rule applies to; "*" matches any one label.
   *
   * @example ["users"]
   */
  namespace: string[];
  /** Time to live, in minutes; null for no expiry. */
  defaultTtl: number | null;
}
