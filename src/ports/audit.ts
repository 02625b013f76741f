/** What an audit entry is about. */
export type AuditedOperation = "put" | "delete" | "get" | "search" | "list-namespaces" | "reload";

/** One line of the audit trail. Never holds a value, a query or a filter. */
export interface AuditEntry {
  /** Tells which intent and which outcome belong together. */
  readonly id: string;
  /** `intent`: the operation is about to begin. `outcome`: it has ended. */
  readonly phase: "intent" | "outcome";
  /** When the operation began, ISO 8601 in UTC. */
  readonly time: string;
  /** On whose behalf; null where nobody said. */
  readonly actor: string | null;
  readonly operation: AuditedOperation;
  /** Labels of the namespace, or of the prefix that a search or listing was asked for; null for what has none. */
  readonly namespace: readonly string[] | null;
  /** Null for what is not about one item. */
  readonly key: string | null;
  /** Version of the record that was written or read, microseconds; null where there is none, and in an intent. */
  readonly version: number | null;
  /** `"ok"`, or the code of the error; null in an intent. */
  readonly outcome: string | null;
  /** How long the operation took, in milliseconds; null in an intent. */
  readonly durationMs: number | null;
  /** Names of the options that a reload changed; absent otherwise. */
  readonly changed?: readonly string[];
}

/** Keeps entries. */
export interface AuditSink {
  /** Of the sink, for messages: "the audit file". */
  readonly name: string;

  /** Makes it ready. Called once before the first entry. */
  start(): Promise<void>;

  /**
   * Keeps entries, in their order; resolves when a crash of this process cannot lose them any more.
   *
   * @returns the outcome of each, where the sink takes each by itself; otherwise they are kept together, or it rejects
   */
  write(entries: readonly AuditEntry[]): Promise<readonly PromiseSettledResult<void>[] | void>;

  /** Gives back what it holds. */
  stop(): Promise<void>;
}
