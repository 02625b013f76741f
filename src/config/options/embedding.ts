/** Options of the calls to the embedding provider. */
import { z } from "zod";
import { count } from "./field-types.ts";

/** How the embedding provider is called. */
export const embeddingCalls = z
  .strictObject({
    maxTextsPerCall: count.default(128).describe("Most texts in one call to the provider."),
    maxCalls: count.default(4).describe("Most concurrent calls to the provider."),
    maxWaitingTexts: count.default(50_000).describe("Most texts that wait for the provider; beyond it, calls are rejected as unavailable."),
    cacheBytes: z.int().min(0).default(32 * 1024 * 1024).describe("Size of the vector cache, in bytes; 0 disables it."),
    cacheMinutes: z
      .number()
      .positive()
      .max(10_080)
      .default(60)
      .describe("How long a vector stays in the cache after it was computed, in minutes. A running process can hold the vector of an erased text for that time."),
  })
  .prefault({})
  .describe("Calls to the embedding provider.");
