// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Rates of the entire store, in this process. */
export interface RateLimitStoreOptions {
  /** Operations of all kinds together. */
  all?: RateLimitStoreAllOptions | undefined;
  /** Puts. */
  put?: RateLimitStorePutOptions | undefined;
  /** Deletes. */
  delete?: RateLimitStoreDeleteOptions | undefined;
  /** Gets. */
  get?: RateLimitStoreGetOptions | undefined;
  /** Searches. */
  search?: RateLimitStoreSearchOptions | undefined;
  /** Listings of namespaces. */
  listNamespaces?: RateLimitStoreListNamespacesOptions | undefined;
}

/** Operations of all kinds together. */
export interface RateLimitStoreAllOptions {
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
export interface RateLimitStorePutOptions {
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
export interface RateLimitStoreDeleteOptions {
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
export interface RateLimitStoreGetOptions {
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
export interface RateLimitStoreSearchOptions {
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
export interface RateLimitStoreListNamespacesOptions {
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
