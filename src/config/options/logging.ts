/** Options of the log. */
import { z } from "zod";
import { silentLogger, type Logger } from "../../ports/logger.ts";
import { mustBe } from "./field-types.ts";

const loggerLike = z.custom<Logger>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    (["debug", "info", "warn", "error"] as const).every((level) => typeof (value as Partial<Logger>)[level] === "function"),
  mustBe("have the methods debug, info, warn and error, as a pino logger or the console has"),
);

/** The least that is logged. */
export const logLevel = z
  .enum(["debug", "info", "warn", "error", "silent"])
  .default("debug")
  .describe('Least level of the lines that the logger is given; "silent" gives it none. The logger may have a level of its own.');

/** Where log lines go. */
export const logger = loggerLike
  .default(() => silentLogger)
  .describe("Where log lines go; a pino logger fits as it is, and to a console each line goes as one JSON object.");
