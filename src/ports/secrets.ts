import { Secret } from "../model/secret.ts";

/** A credential whose text may change while the store runs. */
export interface SecretText {
  /** Whether it may change at all; one that does not is the same for ever. */
  readonly isChanging: boolean;

  /**
   * The text in force. Waits for nothing and costs nothing, so that every request may ask; the same object as before
   * unless the text has changed.
   *
   * @throws {UnavailableError} before the store is started
   */
  current(): Secret;

  /**
   * The text in force, after a look at where it is kept, for who is about to make a connection. Looks at most four times a
   * second, and not while that place is known to fail: then it is the last good text.
   */
  latest(): Promise<Secret>;

  /**
   * Tells that a server refused a text. Looks at where it is kept, at most four times a second for all who tell.
   *
   * @returns another text that is worth one more try: a newer one, or, where the newest is what was refused, the one
   *   before it, which then is in force again until it is refused too. Null where there is none.
   */
  refused(secret: Secret): Promise<Secret | null>;
}

/** A text that never changes: one that stands in the configuration itself. */
export function fixedSecret(secret: Secret): SecretText {
  return {
    isChanging: false,
    current: () => secret,
    latest: () => Promise.resolve(secret),
    refused: () => Promise.resolve(null),
  };
}

/** A credential as a backend takes it: a text that may change, or one that does not. */
export function asSecretText(credential: string | SecretText): SecretText {
  return typeof credential === "string" ? fixedSecret(new Secret(credential)) : credential;
}
