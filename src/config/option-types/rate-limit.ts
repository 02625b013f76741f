// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { RateLimitScopeOptions } from "./rate-limit-scope.ts";
import type { RateLimitStoreOptions } from "./rate-limit-store.ts";

/** Rate limits, counted in each process by itself. Left out, there are none. */
export interface RateLimitOptions {
  /**
   * "token-bucket" lets a burst through and then an even pace; "sliding-window" no more than that in any period.
   *
   * @default "token-bucket"
   */
  algorithm?: "token-bucket" | "sliding-window" | undefined;
  /**
   * What is too much: "reject" fails at once with a RateLimitError, "wait" waits for its turn, fair between scopes.
   *
   * @default "reject"
   */
  mode?: "reject" | "wait" | undefined;
  /** Rates of this store as a whole, in this process. */
  store?: RateLimitStoreOptions | undefined;
  /** Rates of each scope: what goes through views of one root made by scoped(). */
  scope?: RateLimitScopeOptions | undefined;
  /** Leading labels of a view's root that tell its scope, so that a view of a view is no new one; all by default. */
  scopeLabels?: number | undefined;
  /**
   * Scopes that are remembered; the one not seen for longest is forgotten first.
   *
   * @default 10000
   */
  maxScopes?: number | undefined;
  /**
   * Longest wait for a turn, in milliseconds; beyond, the call fails.
   *
   * @default 5000
   */
  maxWaitMs?: number | undefined;
  /**
   * Most calls that wait; beyond, calls of the scope that has most waiting fail.
   *
   * @default 1000
   */
  maxQueued?: number | undefined;
}
