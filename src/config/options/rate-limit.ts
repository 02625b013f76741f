/** Options of rate limits. */
import { z } from "zod";
import { count } from "./field-types.ts";

const rate = z
  .strictObject({
    operations: count.describe("Operations in each period."),
    periodMs: count.default(1_000).describe("Length of a period, in milliseconds."),
    burst: count
      .optional()
      .describe("Capacity of the token bucket: operations allowed at once after a pause; by default `operations`. Not for sliding windows."),
  })
  .describe("Operations per period.");

const rates = z.strictObject({
  all: rate.optional().describe("Operations of all kinds together."),
  put: rate.optional().describe("Puts."),
  delete: rate.optional().describe("Deletes."),
  get: rate.optional().describe("Gets."),
  search: rate.optional().describe("Searches."),
  listNamespaces: rate.optional().describe("Listings of namespaces."),
});

/** Rate limits; a batch counts as its operations. */
export const rateLimit = z
  .strictObject({
    algorithm: z
      .enum(["token-bucket", "sliding-window"])
      .default("token-bucket")
      .describe('"token-bucket" allows a burst and then an even rate; "sliding-window" allows at most `operations` in any period.'),
    mode: z
      .enum(["reject", "wait"])
      .default("reject")
      .describe('Beyond the rate, "reject" fails at once with a RateLimitError, and "wait" queues the call in a queue that is fair between scopes.'),
    store: rates.optional().describe("Rates of the entire store, in this process."),
    scope: rates.optional().describe("Rates of each scope: all calls through views with the same root, see scoped()."),
    scopeLabels: count
      .optional()
      .describe("Number of leading labels of a view's root that identify its scope. By default, all labels do, so a view of a view has a scope of its own."),
    maxScopes: count.default(10_000).describe("Most scopes whose operations are counted. Beyond it, the count of the least recently used scope is dropped."),
    maxWaitMs: count.default(5_000).describe("Longest wait in the queue, in milliseconds; beyond it, the call fails."),
    maxQueued: count.default(1_000).describe("Most calls that wait; beyond it, a call of the scope with the most waiting calls is rejected."),
  })
  .superRefine(({ algorithm, store, scope }, context) => {
    if (algorithm === "token-bucket") return;
    for (const [name, given] of Object.entries({ store, scope })) {
      for (const [kind, each] of Object.entries(given ?? {})) {
        if (each.burst === undefined) continue;
        context.addIssue({ code: "custom", path: [name, kind, "burst"], message: 'applies to algorithm "token-bucket" only' });
      }
    }
  })
  .describe("Rate limits, counted per process. Off by default.");
