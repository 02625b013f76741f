/** SQLite's errors, carried over from the database thread and told in the store's own terms. */
import {
  ConnectionError,
  isStoreError,
  QueryError,
  SchemaError,
  type StoreError,
  UnavailableError,
  ValidationError,
} from "../../model/errors.ts";

/** An error as plain data: classes do not survive the way between threads. */
export interface Failure {
  readonly origin: "sqlite" | "store" | "other";
  /** SQLite's code, such as `SQLITE_BUSY`, or the store's. */
  readonly code: string;
  readonly message: string;
}

/** SQLite's result codes that libsql gives as a bare number when a file cannot be opened. */
const OPEN_CODES: Readonly<Record<string, string>> = {
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  7: "SQLITE_NOMEM",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  14: "SQLITE_CANTOPEN",
  26: "SQLITE_NOTADB",
};

/** Failures of one statement that leave its transaction and the rest of the file alone. */
const STATEMENT_CODES = ["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE", "UNKNOWN_SQLITE"];

/** Turns whatever was thrown into plain data. */
export function toFailure(error: unknown): Failure {
  if (isStoreError(error)) return { origin: "store", code: error.code, message: error.message };
  if (!(error instanceof Error)) return { origin: "other", code: "UNKNOWN", message: String(error) };
  if ("code" in error && typeof error.code === "string" && error.code.includes("SQLITE")) {
    return { origin: "sqlite", code: error.code, message: error.message };
  }
  const opening = /Unable to open connection to local database.*: (\d+)"\)$/s.exec(error.message);
  if (opening !== null) {
    const code = OPEN_CODES[opening[1] ?? ""] ?? "SQLITE_CANTOPEN";
    return { origin: "sqlite", code, message: "unable to open database file" };
  }
  return { origin: "other", code: error.name, message: error.message };
}

/** Whether another connection holds the lock: nothing was done, and the same call may be made again. */
export function isBusy(failure: Failure): boolean {
  const codes = ["SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"];
  return failure.origin === "sqlite" && codes.some((code) => failure.code.startsWith(code));
}

/** Whether only the one write failed that was being made, so that the others of its transaction may go on. */
export function isOwnFault(failure: Failure): boolean {
  return failure.origin !== "sqlite" || STATEMENT_CODES.some((code) => failure.code.startsWith(code));
}

/**
 * The store's error for a failure, naming the file and what to do.
 *
 * @param path - path of the database file
 */
export function toStoreError(failure: Failure, path: string): StoreError {
  const details = { path, cause: failure.code };
  if (failure.origin === "store") return ofStore(failure, details);
  const told = (problem: string, fix: string): string => `${problem} (${failure.code}: ${failure.message}). ${fix}`;
  if (isBusy(failure)) {
    const problem = `Another process kept the database file ${path} locked`;
    return new UnavailableError(told(problem, "Try again; nothing was done."), { details });
  }
  switch (failure.code.split("_", 2).join("_")) {
    case "SQLITE_CANTOPEN":
      return new ConnectionError(
        told(`The database file ${path} cannot be opened`, "Make its directory, and let this process write to it."),
        { details },
      );
    case "SQLITE_IOERR":
      return new ConnectionError(told(`Reading or writing ${path} failed`, "Check the disk and its mount."), { details });
    case "SQLITE_FULL":
      return new QueryError(told(`There is no room for ${path} to grow`, "Free some space on its disk."), { details });
    case "SQLITE_READONLY":
      return new QueryError(
        told(`The database file ${path} is read-only`, "Let this process write to the file and its directory."),
        { details },
      );
    case "SQLITE_NOTADB":
      return new QueryError(
        told(`${path} is not a database file`, "Give another path, or move that file away."),
        { details },
      );
    case "SQLITE_CORRUPT":
      return new QueryError(
        told(`The database file ${path} is damaged`, "Restore a backup, or recover it with SQLite's .recover command."),
        { details },
      );
    default:
      return new QueryError(told(`A statement on ${path} failed`, "This is a defect: please report it."), { details });
  }
}

function ofStore(failure: Failure, details: { path: string; cause: string }): StoreError {
  switch (failure.code) {
    case "SCHEMA":
      return new SchemaError(failure.message, { details });
    case "VALIDATION":
      return new ValidationError(failure.message, { details });
    default:
      return new QueryError(failure.message, { details });
  }
}
