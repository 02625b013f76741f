/** Errors of SQLite and of the database thread, as plain data and as errors of the store. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import {
  ConfigurationError,
  ConnectionError,
  INDEX_REMOVED,
  isStoreError,
  NotReadyError,
  PermissionError,
  QueryError,
  SchemaError,
  type StoreError,
  type StoreErrorCode,
  UnavailableError,
  ValidationError,
} from "../../model/errors.ts";
import { isError } from "../../model/realms.ts";

/** An error as plain data: classes do not survive the transfer between threads. */
export interface Failure {
  readonly origin: "sqlite" | "store" | "system" | "other";
  /** SQLite's primary result code, such as `SQLITE_BUSY`, the code of a store error, or that of a system call, such as `EACCES`. */
  readonly code: string;
  readonly message: string;
  /** SQLite's extended result code, if there is one. */
  readonly extended?: number;
}

/** Names of SQLite's primary result codes, at their numbers. */
const CODES = [
  "OK", "ERROR", "INTERNAL", "PERM", "ABORT", "BUSY", "LOCKED", "NOMEM", "READONLY", "INTERRUPT", "IOERR", "CORRUPT", "NOTFOUND",
  "FULL", "CANTOPEN", "PROTOCOL", "EMPTY", "SCHEMA", "TOOBIG", "CONSTRAINT", "MISMATCH", "MISUSE", "NOLFS", "AUTH", "FORMAT",
  "RANGE", "NOTADB",
] as const;

/** Another connection holds a lock: nothing was done. */
const BUSY_CODES: ReadonlySet<string> = new Set(["SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"]);

/** A statement of a generation of the index that another process has dropped. */
const NO_POINTS = /^no such table: (?:main\.)?(?:points|term_counts|term_changes)/;

/** Failures of one statement that affect neither its transaction nor the file. */
const STATEMENT_CODES: ReadonlySet<string> = new Set(["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE"]);

/** Whether the error is that there was no transaction to roll back. */
export function isNoTransaction(error: unknown): boolean {
  return isError(error) && error.message.includes("no transaction is active");
}

/** Converts what was thrown to plain data. */
export function toFailure(error: unknown): Failure {
  if (isStoreError(error)) return { origin: "store", code: error.code, message: error.message };
  if (!isError(error)) return { origin: "other", code: "UNKNOWN", message: String(error) };
  if ("errcode" in error && typeof error.errcode === "number") {
    const primary = error.errcode & 0xff;
    const code = `SQLITE_${CODES[primary] ?? primary}`;
    if (NO_POINTS.test(error.message)) return { origin: "store", code: "UNAVAILABLE", message: INDEX_REMOVED };
    return { origin: "sqlite", code, message: error.message, ...(primary === error.errcode ? {} : { extended: error.errcode }) };
  }
  const fault = codeOf(error);
  return fault === null ? { origin: "other", code: error.name, message: error.message } : { origin: "system", code: fault, message: error.message };
}

/** Whether another connection holds a lock: nothing was done, and the call can be retried. */
export function isBusy({ origin, code }: Failure): boolean {
  return origin === "sqlite" && BUSY_CODES.has(code);
}

/** Whether only the statement failed, so that the other writes of its transaction can continue. */
export function isStatementFailure({ origin, code }: Failure): boolean {
  if (origin === "system") return false;
  return origin !== "sqlite" || STATEMENT_CODES.has(code);
}

/**
 * Returns the store's error for a failure, which names the file and the fix.
 *
 * @param path - path of the database file
 */
export function toStoreError(failure: Failure, path: string): StoreError {
  const { origin, code, message, extended } = failure;
  const details = { path, cause: code, ...(extended === undefined ? {} : { extended }) };
  if (origin === "store") return ofStore(failure, details);
  const result = extended === undefined ? code : `${code} ${extended}`;
  const text = (problem: string, fix: string): string => `${problem} (${result}: ${message}). ${fix}`;
  if (isBusy(failure)) {
    const problem = `Another process kept the database file ${path} locked`;
    return new UnavailableError(text(problem, "Nothing was done. Retry later, and check that no other program keeps it locked."), { details });
  }
  if (origin === "system") {
    const fix = `${FIXES[code] ?? OTHER_FIX} A write in progress may or may not be stored.`;
    return new ConnectionError(text(`The database file ${path} cannot be reached`, fix), { retryable: false, details });
  }
  switch (code) {
    case "SQLITE_CANTOPEN":
      return cannotOpen(path, text, details);
    case "SQLITE_IOERR":
      return new ConnectionError(text(`Reading or writing the database file ${path} failed`, "Check the disk and its mount, and the free space, quota and limit of file sizes."), { details });
    case "SQLITE_FULL":
      return new QueryError(text(`The disk of the database file ${path} is full`, "Nothing of this call was written. Free space on it, then retry."), { details });
    case "SQLITE_READONLY":
    case "SQLITE_PERM":
      return new PermissionError(
        text(`The database file ${path} is read-only for this process`, "Let its user write to the file and to its folder, and mount the volume writable."),
        { details },
      );
    case "SQLITE_NOTADB":
      return new QueryError(text(`${path} is not a database file`, "Configure another path, or move that file away."), { details });
    case "SQLITE_CORRUPT":
      return new QueryError(
        text(`The database file ${path} is corrupt`, "Restore a backup, or recover it with the .recover command of SQLite's shell."),
        { details },
      );
    case "SQLITE_NOMEM":
      return new UnavailableError(text(`There is not enough memory to work on the database file ${path}`, "Raise the memory limit of the process."), { details });
    default:
      return new QueryError(text(`A statement on the database file ${path} failed`, "This is a defect: please report it."), { details });
  }
}

type Details = Readonly<Record<string, string | number>>;

/** What to do about a fault of the file system, by its code. */
const FIXES: Partial<Record<string, string>> = {
  EACCES: "Let the user of this process enter every folder above the file.",
  EPERM: "Let the user of this process enter every folder above the file.",
  ENOTDIR: "A part of its path is a file where a folder is needed: configure another path.",
  ELOOP: "Symbolic links in its path lead in a circle: correct them, or configure another path.",
  ENAMETOOLONG: "Its path, or a name in it, is too long for the file system: configure a shorter one.",
};
const OTHER_FIX = "Check the disk and its mount.";

/** A failed open, with the reason that the file system gives. */
function cannotOpen(path: string, text: (problem: string, fix: string) => string, details: Details): StoreError {
  const file = kindAt(path);
  if (file === "directory") {
    return new ConfigurationError(text(`path: ${path} is a directory`, `Configure the path of a file, such as ${path}/store.db.`), { details });
  }
  const fix = typeof file === "object" ? (FIXES[file.fault] ?? `${OTHER_FIX} (${file.fault})`) : fixOfFolder(dirname(path));
  return new ConnectionError(text(`The database file ${path} cannot be opened`, fix), { retryable: false, details });
}

function fixOfFolder(folder: string): string {
  switch (kindAt(folder)) {
    case "missing":
      return `Its folder ${folder} does not exist: create it.`;
    case "file":
      return `${folder} is a file, not a folder: configure another path.`;
    default:
      return "Let the user of this process read and write the file and its folder.";
  }
}

/** What is at a path, or the code of the fault that prevents to see it. */
function kindAt(path: string): "directory" | "file" | "missing" | { readonly fault: string } {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return "missing";
    return stats.isDirectory() ? "directory" : "file";
  } catch (error) {
    const fault = codeOf(error);
    if (fault === null) throw error;
    return { fault };
  }
}

/** The code of a failed system call; null for other errors. */
function codeOf(error: unknown): string | null {
  return isError(error) && "syscall" in error && "code" in error && typeof error.code === "string" ? error.code : null;
}

/** Classes of the errors that the database thread throws by itself. */
const STORE_ERRORS: Partial<Record<StoreErrorCode, (message: string, details: Details) => StoreError>> = {
  UNAVAILABLE: (message, details) => new NotReadyError(message, { details }),
  SCHEMA: (message, details) => new SchemaError(message, { details }),
  VALIDATION: (message, details) => new ValidationError(message, { details }),
  CONFIGURATION: (message, details) => new ConfigurationError(message, { details }),
  PERMISSION: (message, details) => new PermissionError(message, { details }),
  CONNECTION: (message, details) => new ConnectionError(message, { details, retryable: false }),
};

function ofStore({ code, message }: Failure, details: Details): StoreError {
  return STORE_ERRORS[code as StoreErrorCode]?.(message, details) ?? new QueryError(message, { details });
}
