/** Options of the calls to the embedding provider. */
import { z } from "zod";
import { count } from "./field-types.ts";

/** How the embedding provider is called. */
export const embeddingCalls = z
  .strictObject({
    maxTextsPerCall: count.default(128).describe("Most texts in one call to the provider."),
    maxCalls: count.default(4).describe("Most calls to the provider under way at once."),
    maxWaitingTexts: count.default(50_000).describe("Most texts that wait for the provider; beyond, calls are refused."),
    cacheBytes: z.int().min(0).default(32 * 1024 * 1024).describe("Memory for cached vectors, in bytes; 0 keeps none."),
  })
  .prefault({})
  .describe("Calls to the embedding provider.");
