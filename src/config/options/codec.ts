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
