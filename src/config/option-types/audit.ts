// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { AuditEntry } from "../../ports/audit.ts";

/** The audit trail: who wrote what, when, with which outcome; never a value. Off by default. */
export interface AuditOptions {
  /** JSON lines in a file that is rotated by size and age. */
  file?: AuditFileOptions | undefined;
  /** Entries in the table `audit` of the store's keyspace; only for a store on servers. */
  table?: AuditTableOptions | undefined;
  /** Receives each entry. It receives the next one when the returned promise has resolved. */
  callback?: ((entry: AuditEntry) => void | Promise<void>) | undefined;
  /**
   * When entries cannot be written: "block" rejects operations, "continue" runs them and counts the lost entries.
   *
   * @default "block"
   */
  policy?: "continue" | "block" | undefined;
  /**
   * Whether gets, searches and listings are recorded too.
   *
   * @default false
   */
  reads?: boolean | undefined;
  /** Returns the actor of a call whose view names none; by default the user in LangGraph's config. */
  actor?: (() => string | null | undefined) | undefined;
  /**
   * Source of the actor: "claimed" uses the view's `actor`, then `audit.actor`, then LangGraph's config, all of which callers may set; "verified" uses only `audit.actor`. Set "verified" where users can influence views or the config of runs.
   *
   * @default "claimed"
   */
  actorTrust?: "claimed" | "verified" | undefined;
  /**
   * Largest number of entries that wait to be written.
   *
   * @default 10000
   */
  maxQueued?: number | undefined;
  /**
   * Timeout for writing a group of entries, in milliseconds.
   *
   * @default 5000
   */
  timeoutMs?: number | undefined;
}

/** JSON lines in a file that is rotated by size and age. */
export interface AuditFileOptions {
  /**
   * Path of the file. The file and its directory are created with access for their owner only.
   *
   * @example "./audit.jsonl"
   */
  path: string;
  /**
   * Size at which the file is rotated, in bytes; the time is appended to the name of the rotated file.
   *
   * @default 104857600
   */
  maxBytes?: number | undefined;
  /**
   * Age at which the file is rotated, in hours.
   *
   * @default 24
   */
  maxAgeHours?: number | undefined;
  /**
   * Number of rotated files to keep; the oldest are deleted.
   *
   * @default 30
   */
  maxFiles?: number | undefined;
  /**
   * Whether each group of lines is flushed to disk (fsync) before the operation continues.
   *
   * @default false
   */
  fsync?: boolean | undefined;
}

/** Entries in the table `audit` of the store's keyspace; only for a store on servers. */
export interface AuditTableOptions {
  /**
   * Time to live of an entry, in days.
   *
   * @default 90
   */
  retentionDays?: number | undefined;
}
