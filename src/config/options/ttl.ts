/** Options of times to live. */
import { z } from "zod";
import { minutes, pattern } from "./field-types.ts";
import { example } from "./meta.ts";

/** Times to live. */
export const ttl = z
  .strictObject({
    defaultTtl: minutes.optional().describe("Time to live of an item whose put sets none, in minutes; without it, items do not expire.").meta(example(43_200)),
    sweepIntervalMinutes: minutes
      .max(35_000)
      .default(60)
      .describe("Interval between two sweeps, in minutes; a sweep deletes the vectors of expired items."),
    refreshOnRead: z
      .boolean()
      .default(true)
      .describe("Whether get and search refresh the time to live of the items that they return."),
    rules: z
      .array(z.strictObject({ namespace: pattern, defaultTtl: minutes.nullable().describe("Time to live, in minutes; null for no expiry.") }))
      .default([])
      .describe("Times to live by namespace; the first matching rule overrides `defaultTtl`.")
      .meta(example([{ namespace: ["sessions"], defaultTtl: 60 }])),
  })
  .prefault({})
  .describe("Times to live of items.");
