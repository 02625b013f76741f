// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { RateLimitScopeOptions } from "./rate-limit-scope.ts";
import type { RateLimitStoreOptions } from "./rate-limit-store.ts";

/** Rate limits, counted per process. Off by default. */
export interface RateLimitOptions {
  /**
   * "token-bucket" allows a burst and then an even rate; "sliding-window" allows at most `operations` in any period.
   *
   * @default "token-bucket"
   */
  algorithm?: "token-bucket" | "sliding-window" | undefined;
  /**
   * Beyond the rate, "reject" fails at once with a RateLimitError, and "wait" queues the call in a queue that is fair between scopes.
   *
   * @default "reject"
   */
  mode?: "reject" | "wait" | undefined;
  /** Rates of the entire store, in this process. */
  store?: RateLimitStoreOptions | undefined;
  /** Rates of each scope: all calls through views with the same root, see scoped(). */
  scope?: RateLimitScopeOptions | undefined;
  /** Number of leading labels of a view's root that identify its scope. By default, all labels do, so a view of a view has a scope of its own. */
  scopeLabels?: number | undefined;
  /**
   * Most scopes whose operations are counted. Beyond it, the count of the least recently used scope is dropped.
   *
   * @default 10000
   */
  maxScopes?: number | undefined;
  /**
   * Longest wait in the queue, in milliseconds; beyond it, the call fails.
   *
   * @default 5000
   */
  maxWaitMs?: number | undefined;
  /**
   * Most calls that wait; beyond it, a call of the scope with the most waiting calls is rejected.
   *
   * @default 1000
   */
  maxQueued?: number | undefined;
}
