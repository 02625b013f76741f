import { Secret } from "../model/secret.ts";

/** A credential whose text may change while the store runs. */
export interface SecretText {
  /** Whether the text may change; otherwise it is constant. */
  readonly isChanging: boolean;

  /**
   * The active text. Cheap enough for every request; returns the same object until the text changes.
   *
   * @throws {UnavailableError} before the store is started
   */
  current(): Secret;

  /**
   * The active text after a read of its source, for a new connection. Reads at most four times a second, and not while the
   * source is failing; then it returns the last valid text.
   */
  latest(): Promise<Secret>;

  /**
   * Reports that a server rejected a text, and reads its source, at most four times a second.
   *
   * @returns another text to try: a newer one, or, if the newest was rejected, the previous one, which becomes active until
   *   it is rejected too. Null when there is none.
   */
  refused(secret: Secret): Promise<Secret | null>;
}

/** Returns a constant text: one that is in the configuration itself. */
export function fixedSecret(secret: Secret): SecretText {
  return {
    isChanging: false,
    current: () => secret,
    latest: () => Promise.resolve(secret),
    refused: () => Promise.resolve(null),
  };
}

/** Converts a credential to a {@link SecretText}. */
export function asSecretText(credential: string | SecretText): SecretText {
  return typeof credential === "string" ? fixedSecret(new Secret(credential)) : credential;
}
