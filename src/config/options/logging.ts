/** Options of the log. */
import { z } from "zod";
import { silentLogger, type Logger } from "../../ports/logger.ts";
import { must } from "./field-types.ts";

const loggerLike = z.custom<Logger>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    (["debug", "info", "warn", "error"] as const).every((level) => typeof (value as Partial<Logger>)[level] === "function"),
  must("have the methods debug, info, warn and error, like a pino logger or the console"),
);

/** The lowest level that is logged. */
export const logLevel = z
  .enum(["debug", "info", "warn", "error", "silent"])
  .default("debug")
  .describe('Lowest level that is passed to the logger; "silent" passes nothing. The logger may apply its own level.');

/** Where log lines go. */
export const logger = loggerLike
  .default(() => silentLogger)
  .describe("Logger of the store: a pino logger, or the console, which receives each line as one JSON object. Silent by default.");
