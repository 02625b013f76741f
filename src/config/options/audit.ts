/** Options of the audit trail. */
import { z } from "zod";
import type { AuditEntry } from "../../ports/audit.ts";
import { besideMistakes, count } from "./field-types.ts";
import { example } from "./meta.ts";

const isFunction = (value: unknown): boolean => typeof value === "function";

const file = z
  .strictObject({
    path: z.string().min(1).describe("The file; made, with its folder, for its owner only.").meta(example("./audit.jsonl")),
    maxBytes: count.default(100 * 1024 * 1024).describe("A file of so many bytes is put aside, under its name and the time."),
    maxAgeHours: z.number().positive().default(24).describe("A file of this age, in hours, is put aside."),
    maxFiles: count.default(30).describe("Files that were put aside and are kept; the oldest go first."),
    fsync: z.boolean().default(false).describe("Whether lines are on the disk, and not only with the operating system, before a write goes on."),
  })
  .describe("JSON lines in a file, which is put aside when it is big or old.");

const table = z
  .strictObject({
    retentionDays: z.number().positive().max(7_300).default(90).describe("Days after which the database drops an entry by itself."),
  })
  .describe("The table `audit` in the store's keyspace; only for a store on servers.");

/** The audit trail. */
export const audit = z
  .strictObject({
    file: file.optional(),
    table: table.optional(),
    callback: z
      .custom<(entry: AuditEntry) => void | Promise<void>>(isFunction, "must be a function that takes an entry")
      .optional()
      .describe("Is given each entry; the next waits until its promise resolves."),
    policy: z
      .enum(["block", "continue"])
      .default("block")
      .describe('When entries cannot be kept: "block" lets no operation through, "continue" counts what is lost.'),
    reads: z.boolean().default(false).describe("Whether gets, searches and listings have entries too."),
    actor: z
      .custom<() => string | null | undefined>(isFunction, "must be a function that returns a text or null")
      .optional()
      .describe("Names who makes a call whose view does not say; by default the user in LangGraph's config."),
    actorTrust: z
      .enum(["claimed", "verified"])
      .default("claimed")
      .describe(
        'Who may name the actor: "claimed" takes the view\'s `actor`, then `audit.actor`, then LangGraph\'s config, all of which callers may set; ' +
          '"verified" takes only what `audit.actor` returns. Set it where users can influence views or the config of runs.',
      ),
    maxQueued: count.default(10_000).describe("Most entries that wait to be written."),
    timeoutMs: count.default(5_000).describe("Longest time to keep a group of entries, in milliseconds."),
  })
  .superRefine(({ actor, actorTrust }, context) => {
    if (actorTrust !== "verified" || actor !== undefined) return;
    const message = 'must be a function that returns the authenticated user where actorTrust is "verified"';
    context.addIssue({ code: "custom", path: ["actor"], message });
  }, besideMistakes)
  .superRefine(({ file: inFile, table: inTable, callback }, context) => {
    if (inFile !== undefined || inTable !== undefined || callback !== undefined) return;
    context.addIssue({ code: "custom", message: "must name where entries go: file, table or callback" });
  })
  .describe("The audit trail: who wrote what, when, and what became of it; never a value. Left out, there is none.");

/** The audit trail of a store without servers. */
export const embeddedAudit = audit.superRefine(({ table: inTable }, context) => {
  if (inTable === undefined) return;
  context.addIssue({ code: "custom", path: ["table"], message: "needs a store on servers: give file or callback" });
});
