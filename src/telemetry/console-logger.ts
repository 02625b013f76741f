/** Adapts a console, whose methods take text, to the logger interface. */
import type { LogFields, Logger } from "../ports/logger.ts";

/** Methods that identify a console. */
type ConsoleLike = Readonly<Record<"debug" | "info" | "warn" | "error" | "log" | "table", (line: string) => void>>;

/** Returns a logger unchanged, and a console as a logger that writes each line as one JSON object. */
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
