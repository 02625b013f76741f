/** Translates errors of the driver to store errors. */
import { types } from "cassandra-driver";
import {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  type ErrorDetails,
  isStoreError,
  PermissionError,
  QueryError,
  type StoreError,
  TimeoutError,
  UnavailableError,
} from "../../model/errors.ts";
import { tlsErrorOf } from "../../model/tls-fault.ts";
import { isError } from "../../model/realms.ts";

const { responseErrorCodes, consistencies } = types;

/**
 * Fields of a driver error. Its class is identified by name, because a client of the caller may come from another copy of the
 * driver.
 */
interface DriverError extends Error {
  readonly code?: unknown;
  readonly consistencies?: unknown;
  readonly coordinator?: unknown;
  readonly host?: unknown;
  readonly innerErrors?: unknown;
}

/**
 * Returns the store error for an error of the driver.
 *
 * @param doing - start of the message: "A CQL read"
 */
export function toStoreError(error: unknown, doing: string): StoreError {
  if (isStoreError(error)) return error;
  if (!isError(error)) return new QueryError(`${doing} failed.`, { cause: error });
  const driverError: DriverError = error;
  switch (driverError.name) {
    case "NoHostAvailableError":
      return ofNoHost(driverError, doing);
    case "ResponseError":
      return ofResponse(driverError, doing);
    case "OperationTimedOutError":
      return make(TimeoutError, `${doing} timed out`, driverError);
    case "BusyConnectionError":
      return make(UnavailableError, `${doing} found all connections at their limit of requests; lower the load`, driverError);
    case "AuthenticationError":
      return make(AuthenticationError, `${doing} was rejected: check cql.credentials`, driverError);
    case "ArgumentError":
      return make(ConfigurationError, `${doing} is not possible with this configuration`, driverError);
    case "TypeError":
    case "RangeError":
      // Without the driver's message, which shows the value that it could not encode.
      return new QueryError(`${doing} could not be encoded for CQL.`, { cause: error });
    case "NotSupportedError":
    case "DriverInternalError":
      return make(QueryError, `${doing} is not supported by the driver`, driverError);
    default:
      // Other errors come from sockets: TLS failures, refused, reset or closed connections, unknown hosts.
      return tlsErrorOf(driverError, doing, "cql") ?? make(ConnectionError, `${doing} failed`, driverError);
  }
}

/**
 * Whether a server aborted a read because of too many tombstones or a timeout. A smaller read may succeed.
 */
export function isReadAborted(error: unknown): error is StoreError {
  const code = isStoreError(error) ? error.details["code"] : undefined;
  return code === responseErrorCodes.readFailure || code === responseErrorCodes.readTimeout;
}

/**
 * Returns the error of a read that the server keeps answering with empty pages. {@link isReadAborted} accepts it like a read
 * that Cassandra aborts.
 */
export function abortedRead(what: string): StoreError {
  return new UnavailableError(`${what}: it read too many tombstones.`, { details: { code: responseErrorCodes.readFailure } });
}

function ofResponse(error: DriverError, doing: string): StoreError {
  switch (error.code) {
    case responseErrorCodes.badCredentials:
      return make(AuthenticationError, `${doing} was rejected: check cql.credentials`, error);
    case responseErrorCodes.unauthorized:
      return ofRefusal(error, doing);
    case responseErrorCodes.writeTimeout:
    case responseErrorCodes.readTimeout:
      return make(TimeoutError, `${doing} timed out on the server`, error);
    case responseErrorCodes.unavailableException:
      return make(UnavailableError, `${doing} found too few replicas up`, error);
    // The last three report that a node failed during the request: it is going down, or its disk is full. A retry may succeed.
    case responseErrorCodes.overloaded:
    case responseErrorCodes.isBootstrapping:
    case responseErrorCodes.readFailure:
    case responseErrorCodes.writeFailure:
    case responseErrorCodes.serverError:
      return make(UnavailableError, `${doing} failed on the server`, error);
    default:
      return make(QueryError, `${doing} was rejected by the server`, error);
  }
}

/** Names the missing right if the server's message does: Cassandra's and ScyllaDB's do. */
function ofRefusal(error: DriverError, doing: string): StoreError {
  const words = /^User (.+?) has no ([A-Z_]+) permission on <(.+?)> or any of its parents/.exec(error.message);
  const [, role, right, resource] = words ?? [];
  if (role === undefined || right === undefined || resource === undefined) {
    return make(PermissionError, `${doing} requires a right that this role lacks`, error);
  }
  return new PermissionError(
    `${doing} requires the right ${right} on ${resource}, which the role ${role} lacks: docs/security.md has the GRANT ` +
      "statements of each role.",
    { cause: error, details: { ...detailsOf(error), role, right, resource } },
  );
}

/** Every host failed: the error has the most specific reason. */
function ofNoHost(error: DriverError, doing: string): StoreError {
  const inner = Object.entries((error.innerErrors ?? {}) as Record<string, unknown>).map(([host, reason]) => ({
    host,
    translated: tlsErrorOf(reason, doing, "cql", host) ?? toStoreError(reason, doing),
  }));
  const ofTls = inner.find(({ translated }) => "tls" in translated.details);
  if (ofTls !== undefined) return ofTls.translated;
  for (const kind of [AuthenticationError, UnavailableError, TimeoutError] as const) {
    const found = inner.find(({ translated }) => translated instanceof kind);
    if (found === undefined) continue;
    const { message, details } = found.translated;
    return new kind(message, { cause: error, details: { host: found.host, ...details } });
  }
  const tried = inner.map(({ host, translated }) => `${host} (${reasonOf(translated)})`);
  const list = tried.length === 0 ? "no host is up" : `tried ${tried.join(", ")}`;
  return new ConnectionError(`${doing} reached no CQL server: ${list}. Check cql.contactPoints and the network.`, {
    cause: error,
    details: { hosts: inner.map(({ host }) => host) },
  });
}

function reasonOf(error: StoreError): string {
  return isError(error.cause) ? error.cause.message : error.message;
}

function make(
  kind: new (message: string, options: { cause: unknown; details: ErrorDetails }) => StoreError,
  what: string,
  error: DriverError,
): StoreError {
  return new kind(`${what}: ${error.message}`, { cause: error, details: detailsOf(error) });
}

function detailsOf(error: DriverError): ErrorDetails {
  const host = error.coordinator ?? error.host;
  const consistency = consistencyName(error.consistencies);
  return {
    ...(typeof error.code === "number" || typeof error.code === "string" ? { code: error.code } : {}),
    ...(consistency === undefined ? {} : { consistency }),
    ...(typeof host === "string" ? { host } : {}),
  };
}

function consistencyName(value: unknown): string | undefined {
  return Object.entries(consistencies).find(([, number]) => number === value)?.[0];
}
