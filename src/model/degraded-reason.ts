/**
 * Why a search with a query was not answered in the requested mode. `keywords-missing`: the index was created without
 * terms, so the search ranked by similarity alone.
 */
export type DegradedReason = "embedding-failed" | "vectors-unavailable" | "ranking-too-slow" | "continues-degraded" | "keywords-missing";
