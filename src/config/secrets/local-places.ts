/** Secrets that are near: in the environment and in files. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { ConfigurationError } from "../../model/errors.ts";
import type { SecretPlace } from "./place.ts";
import type { SecretReference } from "./reference.ts";

/** Variables of the process's environment. */
export class Environment implements SecretPlace {
  readonly name = "The environment";
  readonly isChanging = false;
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  async read({ document }: SecretReference): Promise<string> {
    const text = this.#env[document];
    if (text === undefined) {
      throw new ConfigurationError(`The environment has no variable ${document}: set it, or name the one that is set.`);
    }
    return text;
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

/** Files, as Docker and Kubernetes mount secrets. */
export class Files implements SecretPlace {
  readonly name = "The file system";
  readonly isChanging = true;

  async read({ document }: SecretReference, signal: AbortSignal): Promise<string> {
    try {
      // Editors and `echo` end a file with one.
      return (await readSmallFile(document, signal)).replace(/\r?\n$/, "");
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConfigurationError) throw error;
      const { code = "unknown" } = error as NodeJS.ErrnoException;
      throw new ConfigurationError(`${document} cannot be read (${REASONS[code] ?? code}).`, { details: { code } });
    }
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

/** More than any secret, certificates included. */
const MOST_BYTES = 1024 * 1024;

/** Reads a regular file: a pipe or a device would be waited for, or read without an end. */
async function readSmallFile(path: string, signal: AbortSignal): Promise<string> {
  // Without it, opening a pipe waits for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const kind = await file.stat();
    if (kind.isDirectory()) throw Object.assign(new Error("is a folder"), { code: "EISDIR" });
    if (!kind.isFile()) throw new ConfigurationError(`${path} is no regular file: a secret is not read from a pipe, a socket or a device.`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_BYTES + 1), 0, MOST_BYTES + 1, 0);
    signal.throwIfAborted();
    if (bytesRead > MOST_BYTES) throw new ConfigurationError(`${path} has more than ${MOST_BYTES} bytes: it is taken for no secret.`);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this process may not read it",
  EISDIR: "it is a folder",
};
