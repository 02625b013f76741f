/** Options and report of an erasure. */
import type { AuditErasureReport } from "./erase-audit.ts";
import type { Remains } from "./erase-remains.ts";

/** What to erase, and how. */
export interface EraseOptions {
  /** Erases the items at and below this namespace. */
  readonly prefix?: string[];
  /** Erases only items whose values match, see `docs/filters.md`. */
  readonly where?: Readonly<Record<string, unknown>>;
  /** Required to erase without a prefix: a missing tenant id must not erase the store. */
  readonly everything?: boolean;
  /**
   * Also deletes namespace, key and actor from the audit entries that concern the erased items. The actor is deleted where it is a
   * label of their namespace, or one of `auditActors`. With `where`, of the items that this call erases.
   * @default false
   */
  readonly audit?: boolean;
  /** With `audit`: actors that are the subject. They are deleted from all entries, below the prefix or not. */
  readonly auditActors?: string[];
  /** Only counts. */
  readonly dryRun?: boolean;
  /** On whose behalf, for the audit trail. */
  readonly actor?: string;
  readonly onProgress?: (progress: { readonly phase: "erase" | "verify"; readonly done: number | null; readonly items: number }) => void;
  /** Ends the task after the page in progress. What was erased stays erased. */
  readonly signal?: AbortSignal;
}

/** Result of an erasure. */
export interface EraseReport {
  readonly prefix: readonly string[];
  readonly filtered: boolean;
  readonly dryRun: boolean;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly erased: {
    /** Items that could be read; in a dry run, those that would be erased. */
    readonly items: number;
    /** Records that no listing found, expired ones included. */
    readonly unlisted: number;
    /** Vectors that had no item. */
    readonly orphanedVectors: number;
    /** Namespaces that hold nothing any more, removed from the registry. */
    readonly namespaces: number;
  };
  readonly left: {
    /** Items that were written below the prefix while the task ran: erase again. */
    readonly concurrent: readonly { readonly namespace: readonly string[]; readonly key: string }[];
    /** Items that may match `where`, as their values cannot be decoded. */
    readonly undecodable: number;
    /** Vectors that could not be removed. */
    readonly vectors: number;
    /** Names of namespaces in the registry that other processes may still use. */
    readonly namespaces: number;
    /** Intents of recent writes that name a namespace and a key below the prefix, without values. */
    readonly intents: number;
    /** Whether there are more, which were not counted: the backlog is longer than 10,000 batches, or has batches in a newer format. */
    readonly moreIntents: boolean;
  };
  /** Entries of the audit trail; null without `audit`. */
  readonly audit: AuditErasureReport | null;
  /** What remains in files until it expires, and how to force its removal. */
  readonly remains: readonly Remains[];
  /** Whether no read returns anything of the subject, and nothing of it is left in any table or collection of the store. */
  readonly complete: boolean;
  /** SHA-256 over the report without this field, as JSON. */
  readonly digest: string;
}
