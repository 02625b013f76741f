import type { SecretReference } from "./reference.ts";

/** A place where secrets are kept: the environment, files, Vault, … */
export interface SecretPlace {
  /** What it is, to begin a sentence with. */
  readonly name: string;

  /** Whether the text there may change while the process runs. */
  readonly isChanging: boolean;

  /**
   * Reads a document: its text, which is a JSON object where it has fields.
   *
   * @param signal - gives the wait up
   * @throws {ConfigurationError} when there is none
   * @throws {AuthenticationError} when the place does not accept who asks
   * @throws {PermissionError} when who asks lacks the right to read it
   * @throws {ConnectionError} when the place cannot be reached, {UnavailableError} when it cannot serve now
   */
  read(reference: SecretReference, signal: AbortSignal): Promise<string>;

  /** Gives back what reading took. */
  close(): Promise<void>;
}

/**
 * What is kept of an error of somebody's SDK as a cause: name, code and message. The error itself may hold the request,
 * and with it tokens and signatures.
 */
export function bareCause(error: unknown): Error {
  if (!(error instanceof Error)) return new Error("not an error");
  const code: unknown = "code" in error ? error.code : undefined;
  const bare = new Error(error.message);
  bare.name = error.name;
  return typeof code === "string" ? Object.assign(bare, { code }) : bare;
}
