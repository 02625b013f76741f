/** Translates failures of Qdrant into store errors. */
import {
  AuthenticationError,
  ConnectionError,
  isStoreError,
  NotReadyError,
  PermissionError,
  QueryError,
  TimeoutError,
  UnavailableError,
  type StoreError,
} from "../../model/errors.ts";
import { tlsErrorOf } from "../../model/tls-fault.ts";
import { expectsTls } from "./handshake.ts";
import { isError } from "../../model/realms.ts";

/**
 * Translates an HTTP status that is not a success.
 *
 * @param isRotated - whether the API key is being rotated, so that a retry may succeed
 */
export function fromStatus(status: number, reason: string, action: string, isRotated = false): StoreError {
  const message = `Qdrant could not ${action}: ${reason} (HTTP ${status}).`;
  const options = { details: { status } };
  if (status === 401) return new AuthenticationError(`${message} Check qdrant.apiKey.`, { ...options, retryable: isRotated });
  if (status === 403) return ofRefusal(message, reason);
  if (status === 404) return new NotReadyError(message, options);
  if (status === 408 || status === 504) return new TimeoutError(message, options);
  if (status === 429 || status >= 500) return new UnavailableError(message, options);
  return new QueryError(message, options);
}

/** Names the permission that the key lacks; unknown when a proxy in front of Qdrant refused the request. */
function ofRefusal(message: string, reason: string): PermissionError {
  const right = /^Forbidden: (.+) is required/.exec(reason)?.[1];
  const advice = right === undefined ? "Check qdrant.apiKey and any proxy in front of Qdrant" : `qdrant.apiKey lacks ${right}`;
  return new PermissionError(`${message} ${advice}; a read-only key permits reads only.`, {
    details: { status: 403, ...(right === undefined ? {} : { right }) },
  });
}

/**
 * Translates the failure of a request.
 *
 * @param server - "host:port"
 */
export function translate(error: unknown, action: string, server: string): StoreError {
  if (isStoreError(error)) return error;
  const doing = `Asking Qdrant to ${action}`;
  const ofTls = tlsErrorOf(error, doing, "qdrant", server);
  if (ofTls !== null) return ofTls;
  if (isTlsAlert(error)) return expectsTls(doing, server, error);
  const { name, message, code } = describe(error);
  if (/timeout/i.test(name) || /TIMEOUT|ETIMEDOUT/.test(code)) {
    return new TimeoutError(`Qdrant did not answer in time to ${action}.`, { cause: error });
  }
  return new ConnectionError(`Qdrant could not be reached to ${action}: ${message}`, { cause: error });
}

/** Returns whether the server closed the connection without an answer. */
export function isClosedSocket(error: unknown): boolean {
  const { code } = describe(error);
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET";
}

/** Returns whether the answer to an unencrypted request starts with a TLS alert: a record of type 21. */
function isTlsAlert(error: unknown): boolean {
  const data = isError(error) && error.name === "HTTPParserError" && "data" in error ? error.data : undefined;
  return typeof data === "string" && data.startsWith("\x15\x03");
}

interface Description {
  readonly name: string;
  readonly message: string;
  readonly code: string;
}

function describe(error: unknown): Description {
  if (!isError(error)) return { name: "", message: String(error), code: "" };
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return { name: error.name, message: error.message || error.name, code };
}
