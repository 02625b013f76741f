import type { SecretReference } from "./reference.ts";
import { isError } from "../../model/realms.ts";

/** A source of secrets: the environment, files, Vault, … */
export interface SecretProvider {
  /** Name of the source, as the subject of a message. */
  readonly name: string;

  /** Whether texts may change while the process runs. */
  readonly isChanging: boolean;

  /** Loads the packages of the provider. Not part of the time that {@link read} has: a slow process is not a slow service. */
  load?(): Promise<unknown>;

  /**
   * Reads the text of a document; a document with fields is a JSON object.
   *
   * @param signal - aborts the read
   * @throws {ConfigurationError} when the document does not exist
   * @throws {AuthenticationError} when the source rejects the credentials
   * @throws {PermissionError} when the credentials lack the right to read the document
   * @throws {ConnectionError} when the source is unreachable, {UnavailableError} when it cannot serve now
   */
  read(reference: SecretReference, signal: AbortSignal): Promise<string>;

  /** Releases connections and caches. */
  close(): Promise<void>;
}

/**
 * Copies name, code and message of an SDK's error, to use as a cause. The error itself may hold the request with tokens and
 * signatures.
 */
export function bareCause(error: unknown): Error {
  if (!isError(error)) return new Error("not an error");
  const code: unknown = "code" in error ? error.code : undefined;
  const bare = new Error(error.message);
  bare.name = error.name;
  return typeof code === "string" ? Object.assign(bare, { code }) : bare;
}
