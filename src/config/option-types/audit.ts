// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { AuditEntry } from "../../ports/audit.ts";

/** The audit trail: who wrote what, when, and what became of it; never a value. Left out, there is none. */
export interface AuditOptions {
  /** JSON lines in a file, which is put aside when it is big or old. */
  file?: AuditFileOptions | undefined;
  /** The table `audit` in the store's keyspace; only for a store on servers. */
  table?: AuditTableOptions | undefined;
  /** Is given each entry; the next waits until its promise resolves. */
  callback?: ((entry: AuditEntry) => void | Promise<void>) | undefined;
  /**
   * When entries cannot be kept: "block" lets no operation through, "continue" counts what is lost.
   *
   * @default "block"
   */
  policy?: "continue" | "block" | undefined;
  /**
   * Whether gets, searches and listings have entries too.
   *
   * @default false
   */
  reads?: boolean | undefined;
  /** Names who makes a call whose view does not say; by default the user in LangGraph's config. */
  actor?: (() => string | null | undefined) | undefined;
  /**
   * Who may name the actor: "claimed" takes the view's `actor`, then `audit.actor`, then LangGraph's config, all of which callers may set; "verified" takes only what `audit.actor` returns. Set it where users can influence views or the config of runs.
   *
   * @default "claimed"
   */
  actorTrust?: "claimed" | "verified" | undefined;
  /**
   * Most entries that wait to be written.
   *
   * @default 10000
   */
  maxQueued?: number | undefined;
  /**
   * Longest time to keep a group of entries, in milliseconds.
   *
   * @default 5000
   */
  timeoutMs?: number | undefined;
}

/** JSON lines in a file, which is put aside when it is big or old. */
export interface AuditFileOptions {
  /**
   * The file; made, with its folder, for its owner only.
   *
   * @example "./audit.jsonl"
   */
  path: string;
  /**
   * A file of so many bytes is put aside, under its name and the time.
   *
   * @default 104857600
   */
  maxBytes?: number | undefined;
  /**
   * A file of this age, in hours, is put aside.
   *
   * @default 24
   */
  maxAgeHours?: number | undefined;
  /**
   * Files that were put aside and are kept; the oldest go first.
   *
   * @default 30
   */
  maxFiles?: number | undefined;
  /**
   * Whether lines are on the disk, and not only with the operating system, before a write goes on.
   *
   * @default false
   */
  fsync?: boolean | undefined;
}

/** The table `audit` in the store's keyspace; only for a store on servers. */
export interface AuditTableOptions {
  /**
   * Days after which the database drops an entry by itself.
   *
   * @default 90
   */
  retentionDays?: number | undefined;
}
