/** Options of what values go through on their way to the database. */
import { z } from "zod";
import type { Codec } from "../../ports/codec.ts";

/** What values are encoded by. */
export const codec = z
  .custom<Codec>(
    (value) =>
      typeof value === "object" &&
      value !== null &&
      typeof (value as Partial<Codec>).encode === "function" &&
      typeof (value as Partial<Codec>).decode === "function",
    "must have the methods encode and decode, as aesGcmCodec() makes it",
  )
  .describe("Encrypts values, or changes them otherwise, before they are stored; aesGcmCodec() is one.");

/** Which scalars of a value the index keeps to apply filters. */
export const indexPayload = z
  .union([z.enum(["all", "none"]), z.array(z.string().min(1))])
  .optional()
  .describe(
    'Which scalars of a value Qdrant keeps, in clear, to apply filters: "all" (the default without a codec), "none" (the default ' +
      "with one), or those at or below these paths. Filters " +
      "are right either way; those on other paths are applied to the records that were read.",
  );
