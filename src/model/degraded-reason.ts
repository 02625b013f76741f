/** Why a search with a query was not ranked by similarity. */
export type DegradedReason = "embedding-failed" | "vectors-unavailable" | "ranking-too-slow" | "continues-degraded";
