/** Time budgets that a busy machine does not exceed, for tests that expect a ranking by similarity or complete pages. */
export const PATIENT = { deadlineMs: 120_000, queryEmbeddingDeadlineMs: 60_000, vectorQueryDeadlineMs: 60_000, vectorWriteDeadlineMs: 30_000 } as const;

/** Timeout of a request to a server that a busy machine does not exceed. */
export const PATIENT_REQUEST_MS = 60_000;

const limits = Object.entries(PATIENT).map(([name, ms]) => [`limits.${name}`, String(ms)] as const);

/** {@link PATIENT} as options of a command on servers. */
export const PATIENT_FLAGS: Readonly<Record<string, string>> = { ...Object.fromEntries(limits), "cql.requestTimeoutMs": String(PATIENT_REQUEST_MS) };

/** {@link PATIENT} as arguments of a command. */
export const PATIENT_LIMIT_FLAGS: readonly string[] = limits.flatMap(([name, ms]) => ["--set", `${name}=${ms}`]);
