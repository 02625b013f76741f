import { realpathSync, statSync } from "node:fs";
import { ConnectionError } from "../../model/errors.ts";
import { MEMORY } from "./storage-path.ts";

/**
 * The file and its log that a connection has open. SQLite continues to write to a file that was deleted or replaced, and these
 * writes are lost: every write, and every call of the database thread, verifies that the path still leads to them.
 */
export class FileIdentity {
  readonly #path: string;
  readonly #files: readonly (readonly [path: string, id: string])[];

  /** @param path - of a database that is open in WAL mode and has been read, so that its log exists */
  constructor(path: string) {
    this.#path = path;
    // SQLite follows symbolic links, so that the log is beside the file itself.
    this.#files = path === MEMORY ? [] : [path, `${realpathSync(path)}-wal`].map((file) => [file, idOf(file)]);
  }

  /** @throws {ConnectionError} when a file was deleted, moved or replaced. */
  verify(): void {
    for (const [file, id] of this.#files) if (idOf(file) !== id) throw this.#lost(file);
  }

  #lost(file: string): ConnectionError {
    return new ConnectionError(
      `${file} was deleted, moved or replaced while this store had the database file ${this.#path} open: what is written ` +
        "cannot be kept, and what is stored in the file at the path now is not read. Stop the store; move the file and its -wal file back " +
        "together, if they exist; then start it again.",
      { retryable: false },
    );
  }
}

/** Device and inode; "" for a file that does not exist. */
function idOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.dev} ${stats.ino}`;
}
