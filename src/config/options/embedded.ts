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
        "Bytes of vectors that a process keeps in memory, packed, for searches; a vector takes 4 bytes a number. Vectors beyond it are " +
          "read from the file by every search: raise it when the vectors that are searched often take more.",
      ),
  })
  .prefault({})
  .describe("The local file of an embedded store.")
  .meta(fixed("sizes the caches when the store starts"));
