/** Time budgets that a busy machine does not exceed, for tests that expect a ranking by similarity or complete pages. */
export const PATIENT = { deadlineMs: 120_000, queryEmbeddingDeadlineMs: 60_000, vectorQueryDeadlineMs: 60_000, vectorWriteDeadlineMs: 30_000 } as const;
