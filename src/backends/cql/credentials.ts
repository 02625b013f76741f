/** Logs in to nodes with the secrets of the moment. */
import { auth, metrics } from "cassandra-driver";
import { messageOf } from "../../model/errors.ts";
import type { Secret } from "../../model/secret.ts";
import { asSecretText, type SecretText } from "../../ports/secrets.ts";

/** Name and password of a role; each may change while the store runs. */
export interface CqlCredentials {
  readonly username: string | SecretText;
  readonly password: string | SecretText;
}

/** Whether a refused login may be over in a moment: a name or a password is being rotated. */
export function mayChange(credentials: CqlCredentials | undefined): boolean {
  const texts = credentials === undefined ? [] : [credentials.username, credentials.password];
  return texts.some((text) => typeof text !== "string" && text.isChanging);
}

type Respond = (error: Error | null, token?: Buffer) => void;

/** A login without an answer for so long is not waited for any more, milliseconds: its connection was lost. */
const ANSWERED_WITHIN_MS = 15_000;

/**
 * Gives each new connection the name and the password of that moment, so that a rotated password needs no restart:
 * connections that are open stay so, and those made later log in with the new one.
 */
export class CurrentLogin extends auth.PlainTextAuthProvider {
  /** For the driver's option of that name, which alone tells of logins that were refused. */
  readonly metrics: metrics.ClientMetrics = new RefusalMetrics(() => this.#refused());
  readonly #username: SecretText;
  readonly #password: SecretText;
  /** Sent and not answered yet, oldest first. */
  readonly #sent = new Set<Login>();
  /** The search for others than those that were refused. */
  #turning: Promise<unknown> | null = null;

  constructor({ username, password }: CqlCredentials) {
    // The driver takes only its own kind of provider; this one's texts are not used, and so they cannot be printed.
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
          (error: unknown) => respond(error instanceof Error ? error : new Error(messageOf(error))),
        );
      },
      evaluateChallenge: (_challenge: Buffer, respond: Respond): void => respond(null),
      onAuthenticationSuccess: (): void => void login.then((accepted) => this.#sent.delete(accepted)),
    };
  }

  async #login(): Promise<Login> {
    if (this.#turning === null) await Promise.all([this.#username.latest(), this.#password.latest()]);
    else await this.#turning;
    this.#turning = null;
    // Both at one instant: they may be fields of one document, which is replaced as a whole.
    const login = { username: this.#username.current(), password: this.#password.current(), at: performance.now() };
    this.#sent.add(login);
    return login;
  }

  #refused(): void {
    for (const login of this.#sent) {
      this.#sent.delete(login);
      if (performance.now() - login.at > ANSWERED_WITHIN_MS) continue;
      this.#turning = Promise.allSettled([this.#username.refused(login.username), this.#password.refused(login.password)]);
      return;
    }
  }
}

interface Login {
  readonly username: Secret;
  readonly password: Secret;
  readonly at: number;
}

/** The driver's own metrics, which also pass refusals on. */
class RefusalMetrics extends metrics.DefaultMetrics {
  readonly #onRefusal: () => void;

  constructor(onRefusal: () => void) {
    super();
    this.#onRefusal = onRefusal;
  }

  override onAuthenticationError(error: Error): void {
    super.onAuthenticationError(error);
    // Connections that break during a login are told of in the same way.
    if (error.name === "AuthenticationError") this.#onRefusal();
  }
}
