/** Secrets in environment variables and files. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { ConfigurationError } from "../../model/errors.ts";
import type { SecretProvider } from "./provider.ts";
import type { SecretReference } from "./reference.ts";

/** Environment variables of the process. */
export class Environment implements SecretProvider {
  readonly name = "The environment";
  readonly isChanging = false;
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  async read({ document }: SecretReference): Promise<string> {
    const text = this.#env[document];
    if (text === undefined) {
      throw new ConfigurationError(`The environment variable ${document} is not set: set it, or correct its name.`);
    }
    return text;
  }

  async close(): Promise<void> {
    // Holds no resources.
  }
}

/** Files, as Docker and Kubernetes mount secrets. */
export class Files implements SecretProvider {
  readonly name = "The file system";
  readonly isChanging = true;

  async read({ document }: SecretReference, signal: AbortSignal): Promise<string> {
    try {
      // Editors and `echo` append a line break.
      return (await readSmallFile(document, signal)).replace(/\r?\n$/, "");
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ConfigurationError) throw error;
      const { code = "unknown" } = error as NodeJS.ErrnoException;
      throw new ConfigurationError(`${document} cannot be read (${REASONS[code] ?? code}).`, { details: { code } });
    }
  }

  async close(): Promise<void> {
    // Holds no resources.
  }
}

/** Larger than any secret, certificates included. */
const MOST_BYTES = 1024 * 1024;

/** Reads a regular file; reading a pipe or a device might block or never end. */
async function readSmallFile(path: string, signal: AbortSignal): Promise<string> {
  // Without O_NONBLOCK, opening a pipe waits for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const kind = await file.stat();
    if (kind.isDirectory()) throw Object.assign(new Error("is a directory"), { code: "EISDIR" });
    if (!kind.isFile()) throw new ConfigurationError(`${path} is not a regular file: secrets cannot be read from a pipe, a socket or a device.`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_BYTES + 1), 0, MOST_BYTES + 1, 0);
    signal.throwIfAborted();
    if (bytesRead > MOST_BYTES) throw new ConfigurationError(`${path} is larger than ${MOST_BYTES} bytes, which is too large for a secret.`);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
};
