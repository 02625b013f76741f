/** Login to nodes with the active secrets. */
import { auth, metrics } from "cassandra-driver";
import { messageOf } from "../../model/errors.ts";
import type { Secret } from "../../model/secret.ts";
import { asSecretText, type SecretText } from "../../ports/secrets.ts";
import { isError } from "../../model/realms.ts";

/** Name and password of a role; each may change while the store runs. */
export interface CqlCredentials {
  readonly username: string | SecretText;
  readonly password: string | SecretText;
}

/** Whether a rejected login may be temporary because a name or password is being rotated. */
export function mayChange(credentials: CqlCredentials | undefined): boolean {
  const texts = credentials === undefined ? [] : [credentials.username, credentials.password];
  return texts.some((text) => typeof text !== "string" && text.isChanging);
}

type Respond = (error: Error | null, token?: Buffer) => void;

/** Age at which an unanswered login counts as lost, milliseconds. */
const ANSWERED_WITHIN_MS = 15_000;

/**
 * Logs each new connection in with the active name and password, so that a rotated password needs no restart. Open
 * connections stay open.
 */
export class CurrentLogin extends auth.PlainTextAuthProvider {
  /** For the `metrics` option of the driver, its only notification of rejected logins. */
  readonly metrics: metrics.ClientMetrics = new RefusalMetrics(() => this.#refused());
  readonly #username: SecretText;
  readonly #password: SecretText;
  /** Sent and not answered yet, oldest first. */
  readonly #sent = new Set<Login>();
  /** The pending read of other secrets, after a login was rejected. */
  #otherSecrets: Promise<unknown> | null = null;

  constructor({ username, password }: CqlCredentials) {
    // The driver accepts only subclasses of its provider. The texts of the base class are unused, so they cannot leak.
    super("", "");
    this.#username = asSecretText(username);
    this.#password = asSecretText(password);
  }

  override newAuthenticator(): auth.Authenticator {
    const login = this.#login();
    return {
      initialResponse: (respond: Respond): void => {
        login.then(
          ({ username, password }) => respond(null, Buffer.from(`\0${username.reveal()}\0${password.reveal()}`, "utf8")),
          (error: unknown) => respond(isError(error) ? error : new Error(messageOf(error))),
        );
      },
      evaluateChallenge: (_challenge: Buffer, respond: Respond): void => respond(null),
      onAuthenticationSuccess: (): void => void login.then((accepted) => this.#sent.delete(accepted)),
    };
  }

  async #login(): Promise<Login> {
    if (this.#otherSecrets === null) await Promise.all([this.#username.latest(), this.#password.latest()]);
    else await this.#otherSecrets;
    this.#otherSecrets = null;
    // In one turn of the event loop: both may be fields of one document, which is replaced atomically.
    const login = { username: this.#username.current(), password: this.#password.current(), at: performance.now() };
    this.#sent.add(login);
    return login;
  }

  #refused(): void {
    for (const login of this.#sent) {
      this.#sent.delete(login);
      if (performance.now() - login.at > ANSWERED_WITHIN_MS) continue;
      this.#otherSecrets = Promise.allSettled([this.#username.refused(login.username), this.#password.refused(login.password)]);
      return;
    }
  }
}

interface Login {
  readonly username: Secret;
  readonly password: Secret;
  readonly at: number;
}

/** The driver's default metrics, which also report rejected logins. */
class RefusalMetrics extends metrics.DefaultMetrics {
  readonly #onRefusal: () => void;

  constructor(onRefusal: () => void) {
    super();
    this.#onRefusal = onRefusal;
  }

  override onAuthenticationError(error: Error): void {
    super.onAuthenticationError(error);
    // Connections that break during a login are reported here too.
    if (error.name === "AuthenticationError") this.#onRefusal();
  }
}
