/** Fields of a log line; never a stored value, a key or a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A logger with the methods of pino. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Discards all lines. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
