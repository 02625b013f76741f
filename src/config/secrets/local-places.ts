/** Secrets that are near: in the environment and in files. */
import { readFile } from "node:fs/promises";
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
      const text = await readFile(document, { encoding: "utf8", signal });
      // Editors and `echo` end a file with one.
      return text.replace(/\r?\n$/, "");
    } catch (error) {
      signal.throwIfAborted();
      const { code = "unknown" } = error as NodeJS.ErrnoException;
      throw new ConfigurationError(`${document} cannot be read (${REASONS[code] ?? code}).`, { details: { code } });
    }
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this process may not read it",
  EISDIR: "it is a folder",
};
