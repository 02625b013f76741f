/** Files that a command writes beside its output. */
import { open, type FileHandle } from "node:fs/promises";
import { ConfigurationError, messageOf } from "../model/errors.ts";

/**
 * Opens a file before the work begins, so that its result is not lost at the end.
 *
 * @throws {ConfigurationError} naming the flag when it cannot be written.
 */
export async function openOutputFile(path: string, flag: string): Promise<FileHandle> {
  try {
    return await open(path, "w");
  } catch (cause) {
    throw new ConfigurationError(`${flag}: the file ${JSON.stringify(path)} cannot be written: ${messageOf(cause)}.`, { cause });
  }
}
