import { ContextOverflowError } from "@langchain/core/errors";
import { describe, expect, test } from "vitest";
import { embeddingFaultOf, isProviderOutage, toEmbeddingError } from "../../../src/model/embedding-error.ts";
import { TimeoutError, UnavailableError } from "../../../src/model/errors.ts";
import { providerFailureOf, type ProviderFault } from "../../../src/model/provider-failure.ts";

const with_ = (fields: object, message = "no"): Error => Object.assign(new Error(message), fields);
const openai = (status: number, headers: Record<string, string> = {}): Error =>
  with_({ status, headers: new Headers(headers), error: { message: "rejected" }, code: "invalid" }, `${status} rejected`);

/** One failure in the form of each client. */
const shapes: Readonly<Record<string, (status: number) => unknown>> = {
  "openai: status": (status) => openai(status),
  "@langchain/openai: status of the cause": (status) => with_({ cause: openai(status) }),
  "three causes deep": (status) => with_({ cause: with_({ cause: with_({ cause: { statusCode: status } }) }) }),
  "ollama: status_code": (status) => with_({ name: "ResponseError", status_code: status }),
  "cohere, mistral: statusCode": (status) => with_({ statusCode: status }),
  "AWS SDK: $metadata": (status) => with_({ name: "ValidationException", $metadata: { httpStatusCode: status } }),
  "axios: response.status": (status) => with_({ code: "ERR_BAD_REQUEST", response: { status, data: {} } }, `Request failed with status code ${status}`),
  "gaxios: response.status only": (status) => with_({ response: { status } }, "it did not work"),
  "superagent: response.statusCode only": (status) => with_({ response: { statusCode: status } }, "it did not work"),
  "Hugging Face: httpResponse.status": (status) => with_({ httpResponse: { status } }),
  "Google: a number as code": (status) => with_({ code: status }),
  "a status as text": (status) => with_({ status: String(status) }),
  "AggregateError": (status) => new AggregateError([with_({ status })], "all attempts failed"),
  "an object that is no error": (status) => ({ status }),
  "a plain error, as openai writes it": (status) => new Error(`${status} maximum context length is 8192 tokens`),
  "a plain error of fetch code": (status) => new Error(`HTTP error! status: ${status}`),
  "a plain error of axios": (status) => new Error(`Request failed with status code ${status}`),
  "a plain error with a name in front": (status) => new Error(`Error: HTTP ${status}: nope`),
};

const faults: readonly (readonly [number, ProviderFault, { retryable: boolean; outage: boolean }])[] = [
  [400, "input", { retryable: false, outage: false }],
  [413, "input", { retryable: false, outage: false }],
  [422, "input", { retryable: false, outage: false }],
  [401, "credentials", { retryable: false, outage: true }],
  [403, "credentials", { retryable: false, outage: true }],
  [404, "not-found", { retryable: false, outage: false }],
  [408, "timeout", { retryable: true, outage: false }],
  [429, "rate-limit", { retryable: true, outage: true }],
  [500, "unknown", { retryable: true, outage: true }],
  [503, "unavailable", { retryable: true, outage: true }],
];

describe.each(Object.entries(shapes))("%s", (_, shape) => {
  test.each(faults)("status %i is classified as %s", (status, fault, { retryable, outage }) => {
    expect(providerFailureOf(shape(status))).toMatchObject({ fault, status });
    const error = toEmbeddingError(shape(status));
    expect(error).toMatchObject({ code: "EMBEDDING", retryable, details: { fault, status } });
    expect(isProviderOutage(error)).toBe(outage);
  });
});

test("any other 4xx is classified as refused, is not retried and is no outage", () => {
  for (const status of [402, 405, 410, 418, 451]) {
    expect(toEmbeddingError(openai(status))).toMatchObject({ retryable: false, details: { fault: "refused", status } });
    expect(isProviderOutage(toEmbeddingError(openai(status)))).toBe(false);
  }
});

test.each([
  ["LangChain's overflow error without a cause", new ContextOverflowError("Input tokens exceed"), "input"],
  ["a plain error about the length", new Error("the input length exceeds the context length"), "input"],
  ["a plain error about tokens", new Error("This model's maximum context length is 512 tokens"), "input"],
  ["LangChain's error code", with_({ lc_error_code: "MODEL_AUTHENTICATION" }), "credentials"],
  ["a refused connection below fetch", with_({ cause: new AggregateError([with_({ code: "ECONNREFUSED" })]) }, "fetch failed"), "unavailable"],
  ["openai without a connection", with_({ status: undefined, headers: undefined, cause: with_({ code: "ENOTFOUND" }) }, "Connection error."), "unavailable"],
  ["a client's timeout", with_({ name: "TimeoutError" }), "unavailable"],
  ["an unknown host", with_({ code: "ENOTFOUND" }), "unavailable"],
  ["a connection that was reset", with_({ code: "ECONNRESET" }), "unknown"],
  ["a number that is no status", with_({ status: 7, code: 3 }), "unknown"],
  ["a plain error", new Error("something went wrong"), "unknown"],
  ["a text that quotes a status later on", new Error("cannot embed 'HTTP 401'"), "unknown"],
  ["a quoted text that starts with a status", new Error('"429 tea" cannot be embedded'), "unknown"],
  ["a quoted text after the name of an error", new Error("Error: '503 tea' cannot be embedded"), "unknown"],
  ["a number of tokens in front", new Error("512 is too many"), "unknown"],
  ["null", null, "unknown"],
  ["undefined", undefined, "unknown"],
  ["a text", "down", "unknown"],
])("%s", (_, thrown, fault) => {
  expect(providerFailureOf(thrown)).toMatchObject({ fault });
});

test("cyclic cause chains and throwing getters are read to their end", () => {
  const loop = with_({});
  loop.cause = with_({ cause: loop });
  expect(providerFailureOf(loop)).toEqual({ fault: "unknown", status: null, retryAfterMs: null });
  const hostile = Object.defineProperty(with_({ statusCode: 400 }), "status", {
    get(): never {
      throw new Error("no");
    },
  });
  expect(providerFailureOf(hostile)).toMatchObject({ fault: "input", status: 400 });
});

const throws = (): never => {
  throw new Error("no");
};

/** A value of which every operation throws. */
function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

test.each<[string, unknown, number | null]>([
  ["headers whose get throws", with_({ status: 400, headers: { get: throws } }), 400],
  ["headers that are a revoked proxy", with_({ status: 400, headers: revoked({}) }), 400],
  ["headers with a throwing getter", with_({ status: 400, headers: Object.defineProperty({}, "retry-after", { get: throws, enumerable: true }) }), 400],
  ["errors that are a revoked proxy", with_({ status: 400, errors: revoked([]) }), 400],
  ["a cause that is a revoked proxy", with_({ status: 400, cause: revoked(new Error("no")) }), 400],
  ["a throwing Symbol.toStringTag", Object.defineProperty({ status: 400 }, Symbol.toStringTag, { get: throws }), 400],
  ["a throwing constructor", Object.defineProperty({ status: 400 }, "constructor", { get: throws }), 400],
  ["a throwing message", Object.defineProperty(with_({ status: 400 }), "message", { get: throws }), 400],
  ["a revoked proxy", revoked(new Error("no")), null],
  ["a proxy whose handler throws", new Proxy(new Error("no"), { get: throws, has: throws, ownKeys: throws }), null],
])("an error with %s is classified by what can be read", (_, thrown, status) => {
  expect(providerFailureOf(thrown)).toEqual({ fault: status === null ? "unknown" : "input", status, retryAfterMs: null });
  const error = toEmbeddingError(thrown);
  expect(error).toMatchObject({ code: "EMBEDDING", details: { fault: status === null ? "unknown" : "input" } });
  expect(error.message).toMatch(/^The embedding provider failed: /);
});

test("a status in any error of an AggregateError counts, the first one with a status", () => {
  const refused = with_({ code: "ECONNREFUSED" });
  expect(providerFailureOf(new AggregateError([refused, with_({ status: 400 }), with_({ status: 503 })]))).toMatchObject({ fault: "input", status: 400 });
  expect(providerFailureOf(with_({ cause: new AggregateError([refused, with_({ cause: { status: 429 } })]) }))).toMatchObject({ status: 429 });
  expect(providerFailureOf(new AggregateError([new Error("no"), refused]))).toMatchObject({ fault: "unavailable", status: null });
});

test.each([
  ["Headers", openai(429, { "retry-after": "2" }), 2_000],
  ["milliseconds", openai(429, { "retry-after-ms": "250", "retry-after": "1" }), 250],
  ["a plain object of any case, in the cause", with_({ cause: { status: 429, headers: { "Retry-After": "0.5" } } }), 500],
  ["an array as value", with_({ status: 429, headers: { "retry-after": ["3", "5"] } }), 3_000],
  ["a Map of any case", with_({ status: 429, headers: new Map([["Retry-After", "4"]]) }), 4_000],
  ["a list of names and values", with_({ status: 429, headers: ["Server", "x", "Retry-After", "5"] }), 5_000],
  ["a list of pairs", with_({ status: 429, headers: [["Server", "x"], ["Retry-After", "6"]] }), 6_000],
  ["axios", with_({ response: { status: 503, headers: { "retry-after": "3" } } }), 3_000],
  ["a date in the past", openai(429, { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }), 0],
  ["nothing that can be read", openai(429, { "retry-after": "soon" }), null],
])("retry-after is read from %s", (_, error, retryAfterMs) => {
  expect(providerFailureOf(error)).toMatchObject({ retryAfterMs });
});

test("a retry-after date is converted to a pause from now", () => {
  const { retryAfterMs } = providerFailureOf(openai(429, { "retry-after": new Date(Date.now() + 60_000).toUTCString() }));
  expect(retryAfterMs).toBeGreaterThan(30_000);
  expect(retryAfterMs).toBeLessThanOrEqual(60_000);
});

test("errors of the store keep their details and classification", () => {
  const open = toEmbeddingError(new UnavailableError("open", { details: { breaker: "open" } }));
  expect(open).toMatchObject({ retryable: true, details: { breaker: "open", fault: "unavailable" } });
  expect(isProviderOutage(new TimeoutError("late"))).toBe(true);
  expect(embeddingFaultOf(new TimeoutError("late"))).toBeNull();
});
