// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Rates of each scope: all calls through views with the same root, see scoped(). */
export interface RateLimitScopeOptions {
  /** Operations of all kinds together. */
  all?: RateLimitScopeAllOptions | undefined;
  /** Puts. */
  put?: RateLimitScopePutOptions | undefined;
  /** Deletes. */
  delete?: RateLimitScopeDeleteOptions | undefined;
  /** Gets. */
  get?: RateLimitScopeGetOptions | undefined;
  /** Searches. */
  search?: RateLimitScopeSearchOptions | undefined;
  /** Listings of namespaces. */
  listNamespaces?: RateLimitScopeListNamespacesOptions | undefined;
}

/** Operations of all kinds together. */
export interface RateLimitScopeAllOptions {
  /** Operations in each period. */
  operations: number;
  /**
   * Length of a period, in milliseconds.
   *
   * @default 1000
   */
  periodMs?: number | undefined;
  /** Capacity of the token bucket: operations allowed at once after a pause; by default `operations`. Not for sliding windows. */
  burst?: number | undefined;
}

/** Puts. */
export interface RateLimitScopePutOptions {
  /** Operations in each period. */
  operations: number;
  /**
   * Length of a period, in milliseconds.
   *
   * @default 1000
   */
  periodMs?: number | undefined;
  /** Capacity of the token bucket: operations allowed at once after a pause; by default `operations`. Not for sliding windows. */
  burst?: number | undefined;
}

/** Deletes. */
export interface RateLimitScopeDeleteOptions {
  /** Operations in each period. */
  operations: number;
  /**
   * Length of a period, in milliseconds.
   *
   * @default 1000
   */
  periodMs?: number | undefined;
  /** Capacity of the token bucket: operations allowed at once after a pause; by default `operations`. Not for sliding windows. */
  burst?: number | undefined;
}

/** Gets. */
export interface RateLimitScopeGetOptions {
  /** Operations in each period. */
  operations: number;
  /**
   * Length of a period, in milliseconds.
   *
   * @default 1000
   */
  periodMs?: number | undefined;
  /** Capacity of the token bucket: operations allowed at once after a pause; by default `operations`. Not for sliding windows. */
  burst?: number | undefined;
}

/** Searches. */
export interface RateLimitScopeSearchOptions {
  /** Operations in each period. */
  operations: number;
  /**
   * Length of a period, in milliseconds.
   *
   * @default 1000
   */
  periodMs?: number | undefined;
  /** Capacity of the token bucket: operations allowed at once after a pause; by default `operations`. Not for sliding windows. */
  burst?: number | undefined;
}

/** Listings of namespaces. */
export interface RateLimitScopeListNamespacesOptions {
  /** Operations in each period. */
  operations: number;
  /**
   * Length of a period, in milliseconds.
   *
   * @default 1000
   */
  periodMs?: number | undefined;
  /** Capacity of the token bucket: operations allowed at once after a pause; by default `operations`. Not for sliding windows. */
  burst?: number | undefined;
}
