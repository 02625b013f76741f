/**
 * Classifies errors of embedding clients. Clients attach the HTTP status in different places, often only to the `cause`; all
 * of them are read, so that one invalid text does not count as an outage of the provider.
 */
import { kindOf, messageOf } from "./errors.ts";
import { isError, isMap } from "./realms.ts";

/**
 * Classes of failures.
 *
 * - `input`: 400, 413, 422. The request itself was rejected; one bad text can cause it.
 * - `credentials`: 401, 403. Every call fails until the credentials or their rights change.
 * - `rate-limit`: 429.
 * - `not-found`: 404. The model or the endpoint does not exist.
 * - `timeout`: 408.
 * - `refused`: any other 4xx.
 * - `unavailable`: 501 and above, no connection, no answer in time.
 * - `unknown`: 500, and errors without a status. Caused by one invalid text or by an outage.
 */
export type ProviderFault =
  | "input"
  | "credentials"
  | "rate-limit"
  | "not-found"
  | "timeout"
  | "refused"
  | "unavailable"
  | "unknown";

/** A classified failure. */
export interface ProviderFailure {
  readonly fault: ProviderFault;
  /** The HTTP status; null without one. */
  readonly status: number | null;
  /** The delay that the provider requested, milliseconds; null without one. */
  readonly retryAfterMs: number | null;
}

/** Faults after which the same call may succeed later. */
const RETRYABLE: ReadonlySet<ProviderFault> = new Set(["rate-limit", "timeout", "unavailable", "unknown"]);

/** Faults that count toward the circuit breaker: they concern the provider, not one request. */
const OUTAGES: ReadonlySet<ProviderFault> = new Set(["credentials", "rate-limit", "unavailable", "unknown"]);

/** Most errors of one failure that are read: the thrown one, its causes, and the errors of an `AggregateError`. */
const MAX_LINKS = 32;

/** Locations of the status in errors of clients, most reliable first. */
const STATUS_PATHS: readonly (readonly string[])[] = [
  ["status"], // openai, ollama's fetch errors, Google
  ["status_code"], // ollama
  ["statusCode"], // cohere, mistral, undici
  ["$metadata", "httpStatusCode"], // AWS SDK
  ["response", "status"], // axios, gaxios
  ["response", "statusCode"],
  ["httpResponse", "status"], // Hugging Face
  ["rawResponse", "status"], // cohere, mistral
  ["$response", "statusCode"], // AWS SDK
  ["code"], // Google: a number; others use a text
];

/** Locations of the response headers in errors of clients. */
const HEADER_PATHS: readonly (readonly string[])[] = [
  ["headers"],
  ["response", "headers"],
  ["rawResponse", "headers"],
  ["httpResponse", "headers"],
  ["$response", "headers"],
];

/** The status at the start of a message, for clients that attach it nowhere else: "400 …", "HTTP error! status: 400", "Request failed with status code 400". Only the start is read, and no quotation mark before the status is accepted, because the rest may quote a caller's text. */
const STATUS_IN_MESSAGE =
  /^(?:\w{0,40}(?:error|exception)[\s:!(]{1,3})?(?:(?:request|call) failed(?: with)?[\s:!(]{1,3})?(?:(?:http|status)(?:[ _]?(?:error|status|code)){0,2}[\s:!=(]{1,3}(?:status(?:[ _]code)?[\s:=]{1,3})?)?(400|401|403|404|408|413|422|429|500|502|503|504|529)\b/i;

/** Messages about texts that are too long, for errors without a status. */
const TOO_LONG =
  /context[ _]length|context window|maximum (?:input|sequence) length|too (?:many|long)\b.{0,20}\btokens|(?:too many|exceeds? .{0,40}\b)(?:input )?tokens|(?:input|text|prompt|document) (?:is )?too long/i;

/** Values of `error.code` for failed connections and missing answers. */
const NO_ANSWER: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** `error.lc_error_code` of LangChain, for errors that lost their status. */
const LANGCHAIN_STATUSES: Readonly<Record<string, number>> = {
  MODEL_AUTHENTICATION: 401,
  MODEL_NOT_FOUND: 404,
  MODEL_RATE_LIMIT: 429,
};

/** Classifies any value that a provider's client threw. */
export function providerFailureOf(error: unknown): ProviderFailure {
  const links = chainOf(error);
  const status = first(links, statusOf) ?? first(links, statusInText);
  return {
    fault: status === null ? faultWithoutStatus(links) : faultOfStatus(status),
    status,
    retryAfterMs: first(links, retryAfterOf),
  };
}

/** A class name or an error code; anything else may be prose that quotes a caller's text. */
const WORD = /^[A-Za-z][\w.-]{0,63}$/;

/** Class names without information. */
const PLAIN_NAMES: ReadonlySet<string> = new Set(["Error", "Object"]);

/** Describes a failure by names, codes and status, without its message: "BadRequestError, context_length_exceeded, HTTP 400". */
export function describeFailure(error: unknown): string {
  const links = chainOf(error);
  const { status, fault } = providerFailureOf(error);
  const words = links.flatMap((link) => [at(link, ["name"]), at(link, ["code"]), at(link, ["lc_error_code"])].filter(isWord));
  const facts = [...new Set(words)].filter((word) => !PLAIN_NAMES.has(word)).slice(0, 4);
  if (status !== null) facts.push(`HTTP ${status}`);
  else facts.push(fault === "unknown" ? "for an unknown reason" : fault);
  return isError(error) ? facts.join(", ") : [`it threw ${kindOf(error)}`, ...facts].join(", ");
}

function isWord(value: unknown): value is string {
  return typeof value === "string" && WORD.test(value);
}

/** Whether the same call may succeed later. */
export function isRetryableFault(fault: ProviderFault): boolean {
  return RETRYABLE.has(fault);
}

/** Whether a failure counts toward the provider's circuit breaker. A 4xx never does, except 401, 403 and 429. */
export function isOutageFault(fault: ProviderFault): boolean {
  return OUTAGES.has(fault);
}

function faultOfStatus(status: number): ProviderFault {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return "input";
    case 401:
    case 403:
      return "credentials";
    case 404:
      return "not-found";
    case 408:
      return "timeout";
    case 429:
      return "rate-limit";
    case 500:
      return "unknown";
    default:
      return status < 500 ? "refused" : "unavailable";
  }
}

function faultWithoutStatus(links: readonly unknown[]): ProviderFault {
  // Names first, because they quote nothing.
  if (links.some((link) => at(link, ["name"]) === "ContextOverflowError")) return "input";
  if (links.some((link) => NO_ANSWER.has(at(link, ["code"])) || isTimeout(link))) return "unavailable";
  return links.some((link) => TOO_LONG.test(textOf(link))) ? "input" : "unknown";
}

function isTimeout(link: unknown): boolean {
  const name = at(link, ["name"]);
  return name === "TimeoutError" || name === "AbortError" || name === "APIConnectionTimeoutError";
}

/** The error, its causes and the errors of an `AggregateError`, outermost first, without repetition. */
function chainOf(error: unknown): unknown[] {
  const links = new Set<unknown>();
  const waiting = [error];
  while (waiting.length > 0 && links.size < MAX_LINKS) {
    const link = waiting.shift();
    if (link === undefined || link === null || links.has(link)) continue;
    links.add(link);
    waiting.unshift(at(link, ["cause"]), ...elementsOf(at(link, ["errors"])));
  }
  return [...links];
}

function elementsOf(list: unknown): unknown[] {
  try {
    return Array.isArray(list) ? (list as unknown[]).slice(0, MAX_LINKS) : [];
  } catch {
    // A revoked proxy.
    return [];
  }
}

function first<T>(links: readonly unknown[], read: (link: unknown) => T | null): T | null {
  for (const link of links) {
    const found = read(link);
    if (found !== null) return found;
  }
  return null;
}

function statusOf(link: unknown): number | null {
  for (const path of STATUS_PATHS) {
    const status = asStatus(at(link, path));
    if (status !== null) return status;
  }
  const code = at(link, ["lc_error_code"]);
  return typeof code === "string" ? (LANGCHAIN_STATUSES[code] ?? null) : null;
}

function statusInText(link: unknown): number | null {
  return asStatus(STATUS_IN_MESSAGE.exec(textOf(link))?.[1]);
}

/** The start of a message, which may be of any length. */
function textOf(link: unknown): string {
  return messageOf(link).slice(0, 1_000);
}

function asStatus(value: unknown): number | null {
  const status = typeof value === "string" && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === "number" && Number.isInteger(status) && status >= 400 && status < 600 ? status : null;
}

function retryAfterOf(link: unknown): number | null {
  for (const path of HEADER_PATHS) {
    const headers = at(link, path);
    if (typeof headers !== "object" || headers === null) continue;
    const ms = asMs(headerOf(headers, "retry-after-ms"), 1);
    if (ms !== null) return ms;
    const header = headerOf(headers, "retry-after");
    const seconds = asMs(header, 1_000);
    if (seconds !== null) return seconds;
    const date = typeof header === "string" ? Date.parse(header) : Number.NaN;
    if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  }
  return null;
}

function asMs(value: unknown, factor: number): number | null {
  const amount = typeof value === "string" && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return typeof amount === "number" && Number.isFinite(amount) && amount >= 0 ? Math.ceil(amount * factor) : null;
}

/** Returns a header of a `Headers`, a map, an object or a list, ignoring case; the first of several values. */
function headerOf(headers: object, name: string): unknown {
  try {
    const { get } = headers as Partial<Headers>;
    const own = typeof get === "function" ? get.call(headers as Headers, name) : null;
    const value: unknown = own ?? entriesOf(headers).find(([key]) => String(key).toLowerCase() === name)?.[1];
    return Array.isArray(value) ? value[0] : value;
  } catch {
    // Any value can be thrown, including one whose methods throw.
    return undefined;
  }
}

/** The entries of a map, of an object, of a list of pairs, or of a list in which names and values alternate. */
function entriesOf(headers: object): (readonly unknown[])[] {
  if (isMap(headers)) return [...headers];
  if (!Array.isArray(headers)) return Object.entries(headers);
  const list = headers as readonly unknown[];
  return Array.isArray(list[0]) ? list.filter((pair) => Array.isArray(pair)) : list.map((key, i) => (i % 2 === 0 ? [key, list[i + 1]] : []));
}

/** The value at a path; undefined when it is missing or a getter throws. */
function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if ((typeof found !== "object" && typeof found !== "function") || found === null) return undefined;
    try {
      found = (found as Readonly<Record<string, unknown>>)[key];
    } catch {
      // Any value can be thrown, including an object whose getters throw.
      return undefined;
    }
  }
  return found;
}
