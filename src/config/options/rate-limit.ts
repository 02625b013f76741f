/** Options of how fast operations may come. */
import { z } from "zod";
import { count } from "./field-types.ts";

const rate = z
  .strictObject({
    operations: count.describe("Operations in each period."),
    periodMs: count.default(1_000).describe("Length of a period, in milliseconds."),
    burst: count
      .optional()
      .describe("Token bucket only: operations that may come at once after a pause; as many as `operations` by default."),
  })
  .describe("So many operations in so long.");

const rates = z.strictObject({
  all: rate.optional().describe("Operations of all kinds together."),
  put: rate.optional().describe("Puts."),
  delete: rate.optional().describe("Deletes."),
  get: rate.optional().describe("Gets."),
  search: rate.optional().describe("Searches."),
  listNamespaces: rate.optional().describe("Listings of namespaces."),
});

/** Rate limits; a batch costs its operations. */
export const rateLimit = z
  .strictObject({
    algorithm: z
      .enum(["token-bucket", "sliding-window"])
      .default("token-bucket")
      .describe('"token-bucket" lets a burst through and then an even pace; "sliding-window" no more than that in any period.'),
    mode: z
      .enum(["reject", "wait"])
      .default("reject")
      .describe('What is too much: "reject" fails at once with a RateLimitError, "wait" waits for its turn, fair between scopes.'),
    store: rates.optional().describe("Rates of this store as a whole, in this process."),
    scope: rates.optional().describe("Rates of each scope: what goes through views of one root made by scoped()."),
    scopeLabels: count
      .optional()
      .describe("Leading labels of a view's root that tell its scope, so that a view of a view is no new one; all by default."),
    maxScopes: count.default(10_000).describe("Scopes that are remembered; the one not seen for longest is forgotten first."),
    maxWaitMs: count.default(5_000).describe("Longest wait for a turn, in milliseconds; beyond, the call fails."),
    maxQueued: count.default(1_000).describe("Most calls that wait; beyond, calls of the scope that has most waiting fail."),
  })
  .superRefine(({ algorithm, store, scope }, context) => {
    if (algorithm === "token-bucket") return;
    for (const [name, given] of Object.entries({ store, scope })) {
      for (const [kind, each] of Object.entries(given ?? {})) {
        if (each.burst === undefined) continue;
        context.addIssue({ code: "custom", path: [name, kind, "burst"], message: 'has a meaning for algorithm "token-bucket" only' });
      }
    }
  })
  .describe("Rate limits, counted in each process by itself. Left out, there are none.");
