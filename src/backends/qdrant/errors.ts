/** Qdrant's failures in the store's terms. */
import {
  AuthenticationError,
  ConnectionError,
  isStoreError,
  PermissionError,
  QueryError,
  TimeoutError,
  UnavailableError,
  type StoreError,
} from "../../model/errors.ts";

/** Translates an HTTP status that is not a success. */
export function fromStatus(status: number, reason: string, action: string): StoreError {
  const message = `Qdrant could not ${action}: ${reason} (HTTP ${status}).`;
  const options = { details: { status } };
  if (status === 401) return new AuthenticationError(`${message} Check qdrant.apiKey.`, options);
  if (status === 403) return new PermissionError(`${message} The API key lacks the right for it.`, options);
  if (status === 404) return new UnavailableError(message, options);
  if (status === 408 || status === 504) return new TimeoutError(message, options);
  if (status === 429 || status >= 500) return new UnavailableError(message, options);
  return new QueryError(message, options);
}

/** Translates whatever a request ended in. */
export function translate(error: unknown, action: string): StoreError {
  if (isStoreError(error)) return error;
  const { name, message, code, status } = describe(error);
  if (status !== undefined) return fromStatus(status, message, action);
  if (/timeout/i.test(name) || /TIMEOUT|ETIMEDOUT/.test(code)) {
    return new TimeoutError(`Qdrant did not answer in time when asked to ${action}.`, { cause: error });
  }
  return new ConnectionError(`Qdrant could not be reached to ${action}: ${message}`, { cause: error });
}

interface Description {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  readonly status: number | undefined;
}

function describe(error: unknown): Description {
  if (!(error instanceof Error)) return { name: "", message: String(error), code: "", status: undefined };
  // `fetch` hides what happened to the connection in the cause of its TypeError.
  const inner = error.cause instanceof Error ? error.cause : error;
  return {
    name: error.name,
    message: inner.message || inner.name,
    code: "code" in inner && typeof inner.code === "string" ? inner.code : "",
    status: statusOf(error),
  };
}

/** Qdrant's client gives the status as a field, or only in its message. */
function statusOf(error: Error): number | undefined {
  if ("status" in error && typeof error.status === "number") return error.status;
  const text = /^Unexpected Response: (\d{3})/.exec(error.message)?.[1];
  return text === undefined ? undefined : Number(text);
}
