/** Kinds of audited operations. */
export type AuditedOperation = "put" | "delete" | "get" | "search" | "list-namespaces" | "reload";

/** One entry of the audit trail. Never contains a value, a query or a filter. */
export interface AuditEntry {
  /** Id that an intent and its outcome share. */
  readonly id: string;
  /** `intent`: before the operation. `outcome`: after it. */
  readonly phase: "intent" | "outcome";
  /** Start of the operation, ISO 8601 in UTC. */
  readonly time: string;
  /** The user or service that the call is made for; null when unknown. */
  readonly actor: string | null;
  readonly operation: AuditedOperation;
  /** Labels of the namespace, or of the prefix of a search or listing; null for operations without one. */
  readonly namespace: readonly string[] | null;
  /** Null for operations that do not concern a single item. */
  readonly key: string | null;
  /** Version of the record that was written or read, microseconds; null without a record, and in an intent. */
  readonly version: number | null;
  /** `"ok"`, or the code of the error; null in an intent. */
  readonly outcome: string | null;
  /** Duration of the operation, milliseconds; null in an intent. */
  readonly durationMs: number | null;
  /** Names of the options that a reload changed; absent otherwise. */
  readonly changed?: readonly string[];
}

/** A destination of audit entries. */
export interface AuditSink {
  /** Name of the sink, for messages: "the audit file". */
  readonly name: string;

  /** Prepares the sink. Called once before the first entry. */
  start(): Promise<void>;

  /**
   * Writes entries in order; resolves once a crash of this process cannot lose them.
   *
   * @returns an outcome for each entry if the sink writes them individually; nothing if it writes all or rejects
   */
  write(entries: readonly AuditEntry[]): Promise<readonly PromiseSettledResult<void>[] | void>;

  /** Releases resources. */
  stop(): Promise<void>;
}

/** Which fields of an entry an erasure deletes. */
export interface ErasedFields {
  /** `namespace` and `key`. */
  readonly item: boolean;
  readonly actor: boolean;
}

/** Decides what an erasure deletes from the audit trail. */
export interface AuditSubject {
  /** Returns the fields to delete. */
  of(entry: Pick<AuditEntry, "actor" | "namespace" | "key">): ErasedFields;
  /** Whether an incomplete line, which a crash left behind, may name the subject. */
  mayConcern(line: string): boolean;
}

/** What was deleted from entries, or would be in a dry run. */
export interface AuditErasure {
  /** Entries of which fields were deleted; the entries remain. */
  readonly entries: number;
  /** Incomplete lines that may name the subject, deleted entirely. */
  readonly incomplete: number;
}

/** Where entries are stored and can be changed. */
export interface AuditArchive {
  /** Name of the archive, for messages: "the audit file". */
  readonly name: string;

  /**
   * Deletes fields from the stored entries that concern a subject. Other entries stay as they are, also those that other processes
   * write meanwhile. Repeating a call that failed continues it.
   */
  erase(subject: AuditSubject, options: { readonly dryRun: boolean; readonly signal?: AbortSignal | undefined }): Promise<AuditErasure>;
}
