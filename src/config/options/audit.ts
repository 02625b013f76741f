/** Options of the audit trail. */
import { z } from "zod";
import type { AuditEntry } from "../../ports/audit.ts";
import { besideMistakes, count } from "./field-types.ts";
import { example } from "./meta.ts";

const isFunction = (value: unknown): boolean => typeof value === "function";

const file = z
  .strictObject({
    path: z.string().min(1).describe("Path of the file. The file and its directory are created with access for their owner only.").meta(example("./audit.jsonl")),
    maxBytes: count.default(100 * 1024 * 1024).describe("Size at which the file is rotated, in bytes; the time is appended to the name of the rotated file."),
    maxAgeHours: z.number().positive().default(24).describe("Age at which the file is rotated, in hours."),
    maxFiles: count.default(30).describe("Number of rotated files to keep; the oldest are deleted."),
    fsync: z.boolean().default(false).describe("Whether each group of lines is flushed to disk (fsync) before the operation continues."),
  })
  .describe("JSON lines in a file that is rotated by size and age.");

const table = z
  .strictObject({
    retentionDays: z.number().positive().max(7_300).default(90).describe("Time to live of an entry, in days."),
  })
  .describe("Entries in the table `audit` of the store's keyspace; only for a store on servers.");

/** The audit trail. */
export const audit = z
  .strictObject({
    file: file.optional(),
    table: table.optional(),
    callback: z
      .custom<(entry: AuditEntry) => void | Promise<void>>(isFunction, "must be a function that takes an entry")
      .optional()
      .describe("Receives each entry. It receives the next one when the returned promise has resolved."),
    policy: z
      .enum(["block", "continue"])
      .default("block")
      .describe('When entries cannot be written: "block" rejects operations, "continue" runs them and counts the lost entries.'),
    reads: z.boolean().default(false).describe("Whether gets, searches and listings are recorded too."),
    actor: z
      .custom<() => string | null | undefined>(isFunction, "must be a function that returns a text or null")
      .optional()
      .describe("Returns the actor of a call whose view names none; by default the user in LangGraph's config."),
    actorTrust: z
      .enum(["claimed", "verified"])
      .default("claimed")
      .describe(
        'Source of the actor: "claimed" uses the view\'s `actor`, then `audit.actor`, then LangGraph\'s config, all of which callers may set; ' +
          '"verified" uses only `audit.actor`. Set "verified" where users can influence views or the config of runs.',
      ),
    maxQueued: count.default(10_000).describe("Largest number of entries that wait to be written."),
    timeoutMs: count.default(5_000).describe("Timeout for writing a group of entries, in milliseconds."),
  })
  .superRefine(({ actor, actorTrust }, context) => {
    if (actorTrust !== "verified" || actor !== undefined) return;
    const message = 'must be a function that returns the authenticated user where actorTrust is "verified"';
    context.addIssue({ code: "custom", path: ["actor"], message });
  }, besideMistakes)
  .superRefine(({ file: inFile, table: inTable, callback }, context) => {
    if (inFile !== undefined || inTable !== undefined || callback !== undefined) return;
    context.addIssue({ code: "custom", message: "must have at least one of file, table and callback" });
  })
  .describe("The audit trail: who wrote what, when, with which outcome; never a value. Off by default.");

/** The audit trail of a store without servers. */
export const embeddedAudit = audit.superRefine(({ table: inTable }, context) => {
  if (inTable === undefined) return;
  context.addIssue({ code: "custom", path: ["table"], message: "needs a store on servers: set file or callback" });
});
