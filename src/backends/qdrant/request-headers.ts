/** Headers of every request, including secrets that may be rotated while the store runs. */
import type { Secret } from "../../model/secret.ts";
import { asSecretText, type SecretText } from "../../ports/secrets.ts";

/** No compression: a compressed small response is sent in two TCP segments, the second of which waits 40 ms for an ACK. */
const ALWAYS = { "accept-encoding": "identity", "content-type": "application/json" };

/** The headers of one request. */
export interface SentHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** The secrets among the headers, ordered like the header names. */
  readonly secrets: readonly Secret[];
}

/** The current headers. */
export class RequestHeaders {
  readonly #names: readonly string[];
  readonly #texts: readonly SecretText[];
  #last: SentHeaders | null = null;

  constructor(headers: Readonly<Record<string, string | SecretText>>, apiKey: string | SecretText | undefined) {
    const entries = Object.entries({ ...headers, ...(apiKey === undefined ? {} : { "api-key": apiKey }) });
    this.#names = entries.map(([name]) => name);
    this.#texts = entries.map(([, text]) => asSecretText(text));
  }

  /** Whether a secret is being rotated, so that a refused request may succeed in a moment. */
  get isChanging(): boolean {
    return this.#texts.some((text) => text.isChanging);
  }

  /** Returns the headers for a request; built again only after a secret has changed. */
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

  /** Reports that the server refused these headers. Returns whether other secrets are available, so that one retry makes sense. */
  async refused({ secrets }: SentHeaders): Promise<boolean> {
    const others = await Promise.all(
      secrets.map((secret, position) => this.#texts[position]?.refused(secret) ?? Promise.resolve(null)),
    );
    return others.some((other) => other !== null);
  }
}
