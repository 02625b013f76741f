/** Why a search with a query was not answered by similarity. */
export type DegradedReason = "embedding-failed" | "vectors-unavailable" | "ranking-too-slow" | "continues-degraded";
