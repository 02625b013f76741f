import type { AlertNotice } from "../../ports/alerts.ts";
import type { SecretText } from "../../ports/secrets.ts";
import { postJson } from "./post-json.ts";
import type { AlertSink } from "./sink.ts";

/** Options of a webhook. */
export interface WebhookOptions {
  readonly url: SecretText;
  readonly headers: Readonly<Record<string, SecretText>>;
}

/** Posts the notice with a format version. */
export class WebhookSink implements AlertSink {
  readonly name = "the webhook";
  readonly #options: WebhookOptions;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  async send(notice: AlertNotice, signal: AbortSignal): Promise<void> {
    const url = (await this.#options.url.latest()).reveal();
    const headers = Object.fromEntries(
      await Promise.all(
        Object.entries(this.#options.headers).map(async ([name, text]) => [name, (await text.latest()).reveal()] as const),
      ),
    );
    await postJson({ name: this.name, url, headers, body: { version: 1, ...notice }, secrets: [url, ...Object.values(headers)], signal });
  }
}

/** Passes the notice to a function of the application. */
export class CallbackSink implements AlertSink {
  readonly name = "the alerts' callback";
  readonly #callback: (notice: AlertNotice) => void | Promise<void>;

  constructor(callback: (notice: AlertNotice) => void | Promise<void>) {
    this.#callback = callback;
  }

  async send(notice: AlertNotice): Promise<void> {
    await this.#callback(notice);
  }
}
