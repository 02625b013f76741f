/** Options of how long items live. */
import { z } from "zod";
import { minutes, pattern } from "./field-types.ts";
import { example } from "./meta.ts";

/** How long items live. */
export const ttl = z
  .strictObject({
    defaultTtl: minutes.optional().describe("Minutes that an item lives unless its put says otherwise; no end by default.").meta(example(43_200)),
    sweepIntervalMinutes: minutes
      .max(35_000)
      .default(60)
      .describe("Minutes between two sweeps, which take away the vectors of items that have ended."),
    refreshOnRead: z
      .boolean()
      .default(true)
      .describe("Whether get and search renew the time to live of what they return."),
    rules: z
      .array(z.strictObject({ namespace: pattern, defaultTtl: minutes.nullable().describe("Minutes that an item lives; null for no expiry.") }))
      .default([])
      .describe("Minutes by namespace, null for no end; the first rule that fits wins over `defaultTtl`.")
      .meta(example([{ namespace: ["sessions"], defaultTtl: 60 }])),
  })
  .prefault({})
  .describe("How long items live.");
