/** Facts of a log line; never a stored value, a key or a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where log lines go: the shape of pino, so that a pino logger fits as it is. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
