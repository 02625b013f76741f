/**
 * Capabilities that a store claims. Cases of a claim that is `false` are skipped and listed in the report of the run.
 */
export interface StoreClaims {
  /** Labels may contain ":" (LangGraph's own check rejects it because of InMemoryStore's separator). */
  colonLabels: boolean;
  /** Filters support `$and`, `$or` and `$not` at any level. */
  logicalOperators: boolean;
  /** Filters support `$exists`. */
  existsOperator: boolean;
  /** In filters, `"a.b"` is the field `b` of the object `a`, unless the value has a field named `"a.b"`. */
  dottedPaths: boolean;
  /** Range operators (`$gt`, …) apply to strings and dates as they do to numbers, within one type. */
  typedRanges: boolean;
  /** Values keep `Uint8Array`, `Date`, `Map`, `Set`, `bigint` and `undefined`. */
  typedValues: boolean;
  /** A `limit` or `offset` that is negative, fractional or NaN is an error. */
  limitValidation: boolean;
  /** Equal texts of one batch are embedded once. */
  embeddingDedup: boolean;
  /** Works when LangGraph wraps it; needs `@langchain/langgraph`. */
  insideGraph: boolean;
  /** A batch rejects with a `BatchError` with the outcome of each operation. Beyond BaseStore: off by default. */
  batchOutcomes: boolean;
  /** `search` takes `cursor` and `order`, and its results carry `info`. Beyond BaseStore: off by default. */
  cursor: boolean;
}

/** Name of one claim. */
export type ClaimName = keyof StoreClaims;

/** The claims of a harness that states none: all that BaseStore covers, nothing of the wider API. */
export const DEFAULT_CLAIMS: Readonly<StoreClaims> = {
  colonLabels: true,
  logicalOperators: true,
  existsOperator: true,
  dottedPaths: true,
  typedRanges: true,
  typedValues: true,
  limitValidation: true,
  embeddingDedup: true,
  insideGraph: true,
  batchOutcomes: false,
  cursor: false,
};
