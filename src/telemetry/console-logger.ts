/** Consoles as loggers: their methods take texts, not fields first. */
import type { LogFields, Logger } from "../ports/logger.ts";

/** What a console has that no logger of fields and message has. */
type ConsoleLike = Readonly<Record<"debug" | "info" | "warn" | "error" | "log" | "table", (line: string) => void>>;

/** A logger as it is; a console as one that writes each line as one JSON object, which log stores read as it is. */
export function asLogger(given: Logger): Logger {
  if (!isConsole(given)) return given;
  const write =
    (level: "debug" | "info" | "warn" | "error") =>
    (fields: LogFields, msg: string): void =>
      given[level](JSON.stringify({ level, time: new Date().toISOString(), msg, ...fields }));
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

function isConsole(given: object): given is ConsoleLike {
  return ["log", "table"].every((name) => typeof (given as Readonly<Record<string, unknown>>)[name] === "function");
}
