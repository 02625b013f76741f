/** Headers of every request, among them secrets that may change while the store runs. */
import type { Secret } from "../../model/secret.ts";
import { asSecretText, type SecretText } from "../../ports/secrets.ts";

/** Qdrant answers small requests in two TCP segments when it compresses, and the second one waits 40 ms for an ACK. */
const ALWAYS = { "accept-encoding": "identity", "content-type": "application/json" };

/** The headers of one request. */
export interface SentHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** The secrets in them, in the order of their names. */
  readonly secrets: readonly Secret[];
}

/** The headers as they are now. */
export class RequestHeaders {
  readonly #names: readonly string[];
  readonly #texts: readonly SecretText[];
  #last: SentHeaders | null = null;

  constructor(headers: Readonly<Record<string, string | SecretText>>, apiKey: string | SecretText | undefined) {
    const entries = Object.entries({ ...headers, ...(apiKey === undefined ? {} : { "api-key": apiKey }) });
    this.#names = entries.map(([name]) => name);
    this.#texts = entries.map(([, text]) => asSecretText(text));
  }

  /** Whether a refusal may be over in a moment: one of the secrets is being rotated. */
  get isChanging(): boolean {
    return this.#texts.some((text) => text.isChanging);
  }

  /** The headers for a request; made anew only when a secret has changed. */
  current(): SentHeaders {
    const last = this.#last;
    if (last !== null && this.#texts.every((text, position) => text.current() === last.secrets[position])) return last;
    const secrets = this.#texts.map((text) => text.current());
    const own: Record<string, string> = Object.fromEntries(
      this.#names.map((name, position) => [name, secrets[position]?.reveal() ?? ""]),
    );
    this.#last = { headers: { ...own, ...ALWAYS }, secrets };
    return this.#last;
  }

  /** Tells that the server refused a request for its headers; returns whether others are worth one more try. */
  async refused({ secrets }: SentHeaders): Promise<boolean> {
    const others = await Promise.all(
      secrets.map((secret, position) => this.#texts[position]?.refused(secret) ?? Promise.resolve(null)),
    );
    return others.some((other) => other !== null);
  }
}
