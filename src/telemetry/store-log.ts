import type { LogFields, Logger } from "../ports/logger.ts";

/** Least level of the lines that are logged. */
type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Where lines go, and which. */
export interface LogOptions {
  readonly logger: Logger;
  readonly logLevel: LogLevel;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

/** The log of a store: stays the same while the logger and the level behind it change. */
export class StoreLog implements Logger {
  #logger: Logger;
  #least: number;

  constructor({ logger, logLevel }: LogOptions) {
    this.#logger = logger;
    this.#least = LEVELS.indexOf(logLevel);
  }

  /** Logs as these options say from now on. */
  use({ logger, logLevel }: LogOptions): void {
    this.#logger = logger;
    this.#least = LEVELS.indexOf(logLevel);
  }

  debug(fields: LogFields, message: string): void {
    if (this.#least <= 0) this.#logger.debug(fields, message);
  }

  info(fields: LogFields, message: string): void {
    if (this.#least <= 1) this.#logger.info(fields, message);
  }

  warn(fields: LogFields, message: string): void {
    if (this.#least <= 2) this.#logger.warn(fields, message);
  }

  error(fields: LogFields, message: string): void {
    if (this.#least <= 3) this.#logger.error(fields, message);
  }
}
