/** Logs in to nodes with the secrets of the moment. */
import { auth } from "cassandra-driver";
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

/**
 * Gives each new connection the name and the password of that moment, so that a rotated password needs no restart:
 * connections that are open stay so, and those made later log in with the new one.
 */
export class CurrentLogin extends auth.PlainTextAuthProvider {
  readonly #username: SecretText;
  readonly #password: SecretText;
  /** By node: the login that it was last sent, until it is accepted. */
  readonly #unanswered = new Map<string, Login>();

  constructor({ username, password }: CqlCredentials) {
    // The driver takes only its own kind of provider; this one's texts are not used, and so they cannot be printed.
    super("", "");
    this.#username = asSecretText(username);
    this.#password = asSecretText(password);
  }

  override newAuthenticator(endpoint: string): auth.Authenticator {
    return {
      initialResponse: (respond: Respond): void => {
        this.#login(endpoint).then(
          (token) => respond(null, token),
          (error: unknown) => respond(error instanceof Error ? error : new Error(String(error))),
        );
      },
      evaluateChallenge: (_challenge: Buffer, respond: Respond): void => respond(null),
      onAuthenticationSuccess: (): void => void this.#unanswered.delete(endpoint),
    };
  }

  async #login(endpoint: string): Promise<Buffer> {
    // The driver does not tell a provider that it was refused: a second connection without the first one's success does.
    const before = this.#unanswered.get(endpoint);
    if (before === undefined) await Promise.all([this.#username.latest(), this.#password.latest()]);
    else await Promise.all([this.#username.refused(before.username), this.#password.refused(before.password)]);
    // Both at one instant: they may be fields of one document, which is replaced as a whole.
    const login = { username: this.#username.current(), password: this.#password.current() };
    this.#unanswered.set(endpoint, login);
    return Buffer.from(`\0${login.username.reveal()}\0${login.password.reveal()}`, "utf8");
  }
}

type Login = Readonly<Record<"username" | "password", ReturnType<SecretText["current"]>>>;
