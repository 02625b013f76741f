/** The log of a store. */
import { isSpanContextValid, trace } from "@opentelemetry/api";
import type { LogFields, Logger } from "../ports/logger.ts";
import { messageOf } from "../model/errors.ts";
import { asLogger } from "./console-logger.ts";
import { callIsolated } from "./isolated-call.ts";

/** Lowest level that is logged. */
type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** The logger and its lowest level. */
export interface LogOptions {
  readonly logger: Logger;
  readonly logLevel: LogLevel;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

/** The log of a store. Logger and level can change while the store runs. A failing logger does not affect operations. */
export class StoreLog implements Logger {
  #logger: Logger;
  #least: number;
  #hasFailed = false;

  constructor({ logger, logLevel }: LogOptions) {
    this.#logger = asLogger(logger);
    this.#least = LEVELS.indexOf(logLevel);
  }

  /** Switches to another logger and level. */
  switchTo({ logger, logLevel }: LogOptions): void {
    this.#logger = asLogger(logger);
    this.#least = LEVELS.indexOf(logLevel);
  }

  debug(fields: LogFields, message: string): void {
    if (this.#least <= 0) this.#write("debug", fields, message);
  }

  info(fields: LogFields, message: string): void {
    if (this.#least <= 1) this.#write("info", fields, message);
  }

  warn(fields: LogFields, message: string): void {
    if (this.#least <= 2) this.#write("warn", fields, message);
  }

  error(fields: LogFields, message: string): void {
    if (this.#least <= 3) this.#write("error", fields, message);
  }

  #write(level: keyof Logger, fields: LogFields, message: string): void {
    callIsolated(
      () => this.#logger[level](withTrace(fields), message),
      (error) => this.#warnOnce(error),
    );
  }

  /** A failure of the logger cannot be logged, so the first one becomes a process warning. */
  #warnOnce(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    process.emitWarning(`The logger of langgraph-store-scylladb failed, and log lines are lost: ${messageOf(error)}`);
  }
}

/** Adds the ids of the active trace and span, if any. */
function withTrace(fields: LogFields): LogFields {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || !isSpanContextValid(span)) return fields;
  return { traceId: span.traceId, spanId: span.spanId, ...fields };
}
