/** Translates what the driver throws to the store's own errors. */
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

const { responseErrorCodes, consistencies } = types;

/**
 * What is read off a driver error. Its class is told by its name: a client that the caller made may come from another
 * copy of the driver, whose classes are not ours.
 */
interface DriverError extends Error {
  readonly code?: unknown;
  readonly consistencies?: unknown;
  readonly coordinator?: unknown;
  readonly host?: unknown;
  readonly innerErrors?: unknown;
}

/**
 * The error of the store's family for what the driver threw.
 *
 * @param doing - what was being done, to begin the message with: "A CQL read"
 */
export function toStoreError(error: unknown, doing: string): StoreError {
  if (isStoreError(error)) return error;
  if (!(error instanceof Error)) return new QueryError(`${doing} failed.`, { cause: error });
  const driverError: DriverError = error;
  switch (driverError.name) {
    case "NoHostAvailableError":
      return ofNoHost(driverError, doing);
    case "ResponseError":
      return ofResponse(driverError, doing);
    case "OperationTimedOutError":
      return make(TimeoutError, `${doing} was not answered in time`, driverError);
    case "BusyConnectionError":
      return make(UnavailableError, `${doing} found every connection full; send less at once`, driverError);
    case "AuthenticationError":
      return make(AuthenticationError, `${doing} was refused: check cql.credentials`, driverError);
    case "ArgumentError":
      return make(ConfigurationError, `${doing} cannot be done as configured`, driverError);
    case "TypeError":
    case "RangeError":
      // The driver's message would show the value that it could not encode.
      return new QueryError(`${doing} could not be put in CQL.`, { cause: error });
    case "NotSupportedError":
    case "DriverInternalError":
      return make(QueryError, `${doing} is not supported by the driver`, driverError);
    default:
      // What is left comes from sockets: refused by TLS, refused, reset, closed, host unknown.
      return tlsErrorOf(driverError, doing, "cql") ?? make(ConnectionError, `${doing} failed`, driverError);
  }
}

/**
 * Whether a server began a read and gave it up: it met more tombstones than it is set to read past, or took too long. A
 * read of less may do better.
 */
export function isReadAborted(error: unknown): error is StoreError {
  const code = isStoreError(error) ? error.details["code"] : undefined;
  return code === responseErrorCodes.readFailure || code === responseErrorCodes.readTimeout;
}

/**
 * The error of a read that the server keeps answering with empty pages. {@link isReadAborted} holds for it, as for a read
 * that Cassandra aborts.
 */
export function abortedRead(what: string): StoreError {
  return new UnavailableError(`${what}: it met too many tombstones.`, { details: { code: responseErrorCodes.readFailure } });
}

function ofResponse(error: DriverError, doing: string): StoreError {
  switch (error.code) {
    case responseErrorCodes.badCredentials:
      return make(AuthenticationError, `${doing} was refused: check cql.credentials`, error);
    case responseErrorCodes.unauthorized:
      return ofRefusal(error, doing);
    case responseErrorCodes.writeTimeout:
    case responseErrorCodes.readTimeout:
      return make(TimeoutError, `${doing} timed out on the server`, error);
    case responseErrorCodes.unavailableException:
      return make(UnavailableError, `${doing} found too few replicas up`, error);
    // The last three say that a node failed in the middle of it: it goes down, its disk is full. Another may do better.
    case responseErrorCodes.overloaded:
    case responseErrorCodes.isBootstrapping:
    case responseErrorCodes.readFailure:
    case responseErrorCodes.writeFailure:
    case responseErrorCodes.serverError:
      return make(UnavailableError, `${doing} could not be served`, error);
    default:
      return make(QueryError, `${doing} was refused by the server`, error);
  }
}

/** Names the right that is missing, where the server does, as Cassandra and ScyllaDB do in these words. */
function ofRefusal(error: DriverError, doing: string): StoreError {
  const words = /^User (.+?) has no ([A-Z_]+) permission on <(.+?)> or any of its parents/.exec(error.message);
  const [, role, right, resource] = words ?? [];
  if (role === undefined || right === undefined || resource === undefined) {
    return make(PermissionError, `${doing} needs a right that this role lacks`, error);
  }
  return new PermissionError(
    `${doing} needs the right ${right} on ${resource}, which the role ${role} lacks: docs/security.md has the GRANT ` +
      "statements that each role needs.",
    { cause: error, details: { ...detailsOf(error), role, right, resource } },
  );
}

/** Every host was tried in vain: the reason that says most about what to do stands for all. */
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
  return error.cause instanceof Error ? error.cause.message : error.message;
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
