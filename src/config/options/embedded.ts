/** Options of a store on one local file. */
import { z } from "zod";
import { count } from "./field-types.ts";
import { fixed } from "./meta.ts";

/** The local file. */
export const embedded = z
  .strictObject({
    vectorCacheBytes: count
      .default(268_435_456)
      .describe(
        "Size of the vector cache of a process, in bytes; a vector takes 4 bytes per dimension. Every search reads the vectors that do not " +
          "fit from the file: raise the size when the vectors that are searched often take more.",
      ),
  })
  .prefault({})
  .describe("The local file of an embedded store.")
  .meta(fixed("sizes the caches when the store starts"));
