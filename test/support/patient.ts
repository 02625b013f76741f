/** Time budgets that a busy machine does not exceed, for tests that expect a ranking by similarity or complete pages. */
export const PATIENT = { deadlineMs: 120_000, queryEmbeddingDeadlineMs: 60_000, vectorQueryDeadlineMs: 60_000, vectorWriteDeadlineMs: 30_000 } as const;

/** Timeout of a request to a server that a busy machine does not exceed. */
export const PATIENT_REQUEST_MS = 60_000;

/** The same as options of a command. */
export const PATIENT_FLAGS = {
  "limits.deadlineMs": String(PATIENT.deadlineMs),
  "limits.queryEmbeddingDeadlineMs": String(PATIENT.queryEmbeddingDeadlineMs),
  "limits.vectorQueryDeadlineMs": String(PATIENT.vectorQueryDeadlineMs),
  "limits.vectorWriteDeadlineMs": String(PATIENT.vectorWriteDeadlineMs),
  "cql.requestTimeoutMs": String(PATIENT_REQUEST_MS),
} as const;
