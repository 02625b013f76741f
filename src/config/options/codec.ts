/** Options of how values are encoded for the database. */
import { z } from "zod";
import type { Codec } from "../../ports/codec.ts";

/** The codec of values. */
export const codec = z
  .custom<Codec>(
    (value) =>
      typeof value === "object" &&
      value !== null &&
      typeof (value as Partial<Codec>).encode === "function" &&
      typeof (value as Partial<Codec>).decode === "function",
    "must have the methods encode and decode; aesGcmCodec() returns such an object",
  )
  .describe("Encodes values before they are stored, for example to encrypt them; aesGcmCodec() returns one.");

/** Which scalars of a value the index keeps to apply filters. */
export const indexPayload = z
  .union([z.enum(["all", "none"]), z.array(z.string().min(1))])
  .optional()
  .describe(
    'Which scalars of a value Qdrant stores, in clear text, to apply filters: "all" (the default without a codec), "none" (the default ' +
      "with a codec), or those at or below these paths. Results are the same with every setting: filters on other paths are applied " +
      "to the records that a search reads.",
  );
