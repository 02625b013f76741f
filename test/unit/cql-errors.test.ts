import { errors, types } from "cassandra-driver";
import { describe, expect, test } from "vitest";
import { toStoreError } from "../../src/backends/cql/errors.ts";
import {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  PermissionError,
  QueryError,
  SchemaError,
  type StoreError,
  TimeoutError,
  UnavailableError,
} from "../../src/model/errors.ts";

const codes = types.responseErrorCodes;

function response(code: number, extra: object = {}): Error {
  return Object.assign(new errors.ResponseError(code, "as the server says"), extra);
}

function refused(): Error {
  return Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:9042"), { code: "ECONNREFUSED" });
}

type StoreErrorClass = new (message: string) => StoreError;

describe("an error response of the server", () => {
  test.each<[keyof typeof codes, StoreErrorClass]>([
    ["badCredentials", AuthenticationError],
    ["unauthorized", PermissionError],
    ["unavailableException", UnavailableError],
    ["overloaded", UnavailableError],
    ["isBootstrapping", UnavailableError],
    ["readFailure", UnavailableError],
    ["writeFailure", UnavailableError],
    ["serverError", UnavailableError],
    ["readTimeout", TimeoutError],
    ["writeTimeout", TimeoutError],
    ["syntaxError", QueryError],
    ["invalid", QueryError],
    ["configError", QueryError],
    ["alreadyExists", QueryError],
  ])("%s", (name, kind) => {
    const cause = response(codes[name]);
    const error = toStoreError(cause, "A CQL read");
    expect(error).toBeInstanceOf(kind);
    expect(error.cause).toBe(cause);
    expect(error.details).toEqual({ code: codes[name] });
    expect(error.message).toMatch(/^A CQL read .*: as the server says/);
  });

  test("reports code, consistency and host", () => {
    const extra = { consistencies: types.consistencies.localQuorum, coordinator: "10.0.0.1:9042" };
    const error = toStoreError(response(codes.unavailableException, extra), "A CQL write");
    expect(error.details).toEqual({ code: 0x1000, consistency: "localQuorum", host: "10.0.0.1:9042" });
  });
});

describe("a missing host", () => {
  const noHost = (inner: Record<string, Error>): Error => new errors.NoHostAvailableError(inner);

  test("is a ConnectionError that names each unreachable host and the reason", () => {
    const error = toStoreError(noHost({ "10.0.0.1:9042": refused() }), "Connecting to CQL");
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.retryable).toBe(true);
    expect(error.message).toContain("10.0.0.1:9042 (connect ECONNREFUSED 10.0.0.1:9042)");
    expect(error.details).toEqual({ hosts: ["10.0.0.1:9042"] });
  });

  test("is a ConnectionError if no host is up", () => {
    expect(toStoreError(noHost({}), "A CQL read")).toBeInstanceOf(ConnectionError);
    const bare = new errors.NoHostAvailableError(null, "Connecting after shutdown is not supported");
    expect(toStoreError(bare, "A CQL read")).toBeInstanceOf(ConnectionError);
  });

  test.each<[string, Error, StoreErrorClass]>([
    ["credentials refused", new errors.AuthenticationError("bad password"), AuthenticationError],
    ["too few replicas", response(codes.unavailableException), UnavailableError],
    ["connections full", new errors.BusyConnectionError("10.0.0.2:9042", 2048, 1), UnavailableError],
    ["no answer in time", new errors.OperationTimedOutError("too late", "10.0.0.2:9042"), TimeoutError],
  ])("shows the reason that says most: %s", (_, inner, kind) => {
    const error = toStoreError(noHost({ "10.0.0.1:9042": refused(), "10.0.0.2:9042": inner }), "A CQL read");
    expect(error).toBeInstanceOf(kind);
    expect(error.details).toMatchObject({ host: "10.0.0.2:9042" });
  });
});

describe("an error of the driver", () => {
  test("is recognized by name, because it can come from another copy of the driver", () => {
    const foreign = Object.assign(new Error("too late"), { name: "OperationTimedOutError", host: "10.0.0.1:9042" });
    const error = toStoreError(foreign, "A CQL read");
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.details).toEqual({ host: "10.0.0.1:9042" });
  });

  test("never contains a value that cannot be encoded", () => {
    const error = toStoreError(new TypeError("Not a valid text value, obtained { secret: 'hunter2' }"), "A CQL write");
    expect(error).toBeInstanceOf(QueryError);
    expect(error.message).not.toContain("hunter2");
  });

  test("becomes a ConfigurationError for a wrong option", () => {
    expect(toStoreError(new errors.ArgumentError("no such data center"), "Connecting to CQL")).toBeInstanceOf(
      ConfigurationError,
    );
  });

  test("becomes a ConnectionError for a closed socket", () => {
    const closed = Object.assign(new Error("Socket was closed"), { name: "DriverError" });
    expect(toStoreError(closed, "A CQL read")).toBeInstanceOf(ConnectionError);
  });

  test("keeps errors of the store unchanged", () => {
    const own = new SchemaError("newer");
    expect(toStoreError(own, "A CQL read")).toBe(own);
  });

  test("is created even from a value that is not an error", () => {
    expect(toStoreError("odd", "A CQL read")).toBeInstanceOf(QueryError);
  });
});
