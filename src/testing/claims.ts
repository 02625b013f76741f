/**
 * What a store says it can do beyond the plain contract. A claim that is `false` leaves its cases out, and the report
 * of the run names them; one that is `true` has them run.
 */
export interface StoreClaims {
  /** Labels may hold ":" (LangGraph's own check refuses it, for the sake of InMemoryStore's separator). */
  colonLabels: boolean;
  /** Filters know `$and`, `$or` and `$not` at any level of the filter. */
  logicalOperators: boolean;
  /** Filters know `$exists`. */
  existsOperator: boolean;
  /** A filter's `"a.b"` reaches the field `b` of the object `a`, unless the value has a field called `"a.b"`. */
  dottedPaths: boolean;
  /** Strings and dates have ranges (`$gt` and its kin), each within its own type, as numbers have. */
  typedRanges: boolean;
  /** Values keep `Uint8Array`, `Date`, `Map`, `Set`, `bigint` and `undefined`. */
  typedValues: boolean;
  /** A `limit` or `offset` that is negative, fractional or NaN is an error. */
  limitValidation: boolean;
  /** Equal texts of one batch are embedded once. */
  embeddingDedup: boolean;
  /** Works when LangGraph wraps it; needs `@langchain/langgraph`. */
  insideGraph: boolean;
  /** A batch rejects with a `BatchError` whose `outcomes` tell of each operation. Beyond BaseStore: off by default. */
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
