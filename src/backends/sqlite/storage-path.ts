/** Paths of local files, and their creation. */
import { randomUUID } from "node:crypto";
import { accessSync, closeSync, constants, existsSync, linkSync, openSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ConfigurationError, kindOf, messageOf, PermissionError } from "../../model/errors.ts";
import { isError } from "../../model/realms.ts";

/** The path of a temporary store. */
export const MEMORY = ":memory:";

/** A URL, or SQLite's and libSQL's own forms of one. One letter before the colon is a drive of Windows. */
const URL_LIKE = /^(?:file|sqlite|libsql):|^[a-z][a-z\d+.-]+:\/\//iu;

/**
 * Returns the absolute path of the file; `":memory:"` as it is.
 *
 * @throws {ConfigurationError} when it is no path.
 */
export function toFilePath(path: unknown): string {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    const given = typeof path === "string" ? JSON.stringify(path) : kindOf(path);
    throw new ConfigurationError(`path must be the path of a file, or ":memory:", but got ${given}.`);
  }
  if (URL_LIKE.test(path)) {
    throw new ConfigurationError(
      `path must be the path of a file, or ":memory:", but got the URL ${JSON.stringify(path.slice(0, 200))}: give "./store.db" or ` +
        'an absolute path; convert a URL of a file with fileURLToPath() of "node:url". A file whose name looks like a URL is ' +
        `given as "./${path.slice(0, 200)}". A database on a server cannot be used.`,
    );
  }
  return path === MEMORY ? path : resolve(path);
}

/**
 * Creates a file that does not exist, and verifies that an existing one can be written: SQLite opens one that can only be read as well, and
 * fails at the first write.
 *
 * @throws {PermissionError} when the file can only be read.
 */
export function prepareFile(path: string): void {
  if (!existsSync(path)) {
    createPrivate(path);
    return;
  }
  try {
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw new PermissionError(
      `The database file ${path} is read-only for this process (${messageOf(cause)}). Let its user write to the file and to its folder, ` +
        "and mount the volume writable.",
    );
  }
}

/**
 * Creates a missing file with access for its owner only; SQLite gives its log and its shared memory the same permissions. The
 * file gets its name after it was closed: closing a descriptor of a file releases all POSIX locks that the process has on
 * it, those of SQLite in another thread included, and two connections that do not see each other's locks lose writes.
 */
function createPrivate(path: string): void {
  // Its own name would not leave room in a long one.
  const draft = join(dirname(path), `.${randomUUID()}.new`);
  try {
    closeSync(openSync(draft, "wx", 0o600));
    try {
      linkSync(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
  } catch (error) {
    // Another process was faster, or the folder cannot be written to or has no links: then opening the file creates it or fails.
    if (!(isError(error) && "code" in error)) throw error;
  }
}
