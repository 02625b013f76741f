import { Agent, EnvHttpProxyAgent, fetch, type Dispatcher, type Response } from "undici/index.js";
import { messageOf } from "../../model/errors.ts";
import { VERIFIED_TLS } from "../../model/verified-tls.ts";
import { SinkError } from "./sink.ts";
import { isError } from "../../model/realms.ts";

/** A request. */
export interface JsonPost {
  /** Name of the receiver, for messages. */
  readonly name: string;
  readonly url: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Texts to hide in messages, in case the answer contains them. */
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
}

/** Longest excerpt of an answer in a message. */
const ANSWER_CHARACTERS = 200;

/** Longest `retry-after` that is respected, milliseconds. */
const LONGEST_PAUSE_MS = 15 * 60_000;

/**
 * Posts JSON over HTTP.
 *
 * @throws {SinkError} when the answer is not 2xx, or there is none. 408, 425, 429, 5xx and lost connections are transient.
 */
export async function postJson({ name, url, body, headers, secrets, signal }: JsonPost): Promise<void> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", ...headers },
      body: JSON.stringify(body),
      // A redirect would send secrets to another host.
      redirect: "error",
      dispatcher: (dispatcher ??= newDispatcher()),
      signal,
    });
    text = await response.text();
  } catch (cause) {
    throw new SinkError(hidden(`${name} is unreachable: ${reasonOf(cause)}`, secrets), true);
  }
  if (response.ok) return;
  const { status } = response;
  const isTransient = status >= 500 || status === 408 || status === 425 || status === 429;
  const excerpt = hidden(text.slice(0, ANSWER_CHARACTERS * 4), secrets).slice(0, ANSWER_CHARACTERS);
  throw new SinkError(`${name} answered ${status}: ${excerpt}`, isTransient, retryAfterMs(response.headers.get("retry-after")));
}

/** Shared by all sinks; created for the first alert. */
let dispatcher: Dispatcher | undefined;

/** Verifies certificates even if NODE_TLS_REJECT_UNAUTHORIZED disables that for Node.js. Uses proxies if NODE_USE_ENV_PROXY is set. */
function newDispatcher(): Dispatcher {
  if (process.env["NODE_USE_ENV_PROXY"] !== "1") return new Agent({ connect: VERIFIED_TLS });
  return new EnvHttpProxyAgent({ connect: VERIFIED_TLS, requestTls: VERIFIED_TLS, proxyTls: VERIFIED_TLS });
}

/** Shortest text that is hidden; shorter ones could be any word. */
const LEAST_SECRET = 5;

/** The reason of a failed fetch, which is in its cause. */
function reasonOf(error: unknown): string {
  const cause: unknown = isError(error) ? (error.cause ?? error) : error;
  const code: unknown = isError(cause) && "code" in cause ? cause.code : undefined;
  // An AggregateError of several addresses has a code and no message.
  return messageOf(cause) || String(code);
}

function retryAfterMs(header: string | null): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS);
}

function hidden(text: string, secrets: readonly string[]): string {
  // The longest first: replacing a part first would leave the rest.
  const parts = [...new Set(secrets.flatMap(partsOf))].sort((one, other) => other.length - one.length);
  return parts.reduce((shown, part) => shown.replaceAll(part, "[secret]"), text);
}

/** A secret and its parts: for a URL also path segments, parameters, user and password. */
function partsOf(secret: string): string[] {
  const url = URL.parse(secret);
  const inAddress =
    url === null ? [] : [`${url.pathname}${url.search}`, ...url.pathname.split("/"), ...url.searchParams.values(), url.username, url.password];
  return [secret, ...inAddress].filter((part) => part.length >= LEAST_SECRET);
}
