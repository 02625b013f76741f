import { afterEach, expect, test, vi } from "vitest";
import { silentLogger, type LogFields, type Logger } from "../../../src/ports/logger.ts";
import { StoreEvents } from "../../../src/telemetry/store-events.ts";
import { StoreLog } from "../../../src/telemetry/store-log.ts";

const CLOSED = { type: "breaker-closed", service: "vectors" } as const;

/** A logger that records error lines. */
function recordingLogger(): { readonly errors: { readonly fields: LogFields; readonly message: string }[]; readonly logger: Logger } {
  const errors: { fields: LogFields; message: string }[] = [];
  return { errors, logger: { ...silentLogger, error: (fields, message) => void errors.push({ fields, message }) } };
}

afterEach(() => {
  vi.restoreAllMocks();
});

test("a throwing listener does not prevent later listeners and subscribers from receiving the event", () => {
  const { errors, logger } = recordingLogger();
  const events = new StoreEvents(logger);
  const called: string[] = [];
  events.listeners.on("breaker-closed", () => {
    throw new Error("first listener");
  });
  events.listeners.on("breaker-closed", () => called.push("second listener"));
  events.internal.on("breaker-closed", () => called.push("reconciler"));
  events.emit(CLOSED);
  expect(called).toEqual(["reconciler", "second listener"]);
  expect(errors.map(({ fields }) => fields)).toEqual([{ type: "breaker-closed", cause: "first listener" }]);
});

test("a listener cannot change the event that later listeners, the log and the caller have", () => {
  const { errors, logger } = recordingLogger();
  const events = new StoreEvents(logger);
  const seen: unknown[] = [];
  const emitted = { type: "config-reloaded", changed: ["limits.drainMs", "retry.maxAttempts"] } as const;
  const keep = (event: object): unknown => seen.push(structuredClone(event));
  events.internal.on("config-reloaded", (event) => Reflect.deleteProperty(event, "changed"));
  events.listeners.on("config-reloaded", (event) => Reflect.set(event, "type", "intent-dead"));
  events.listeners.on("config-reloaded", ({ changed }) => (changed as string[]).reverse());
  events.listeners.on("config-reloaded", keep);
  events.emit(emitted);
  expect(seen).toEqual([{ type: "config-reloaded", changed: ["limits.drainMs", "retry.maxAttempts"] }]);
  expect(emitted.changed).toEqual(["limits.drainMs", "retry.maxAttempts"]);
  expect(Object.isFrozen(emitted.changed)).toBe(false);
  expect(errors.map(({ fields }) => fields["type"])).toEqual(["config-reloaded"]);
});

test("the rejection of an async listener is logged, not unhandled", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  const { errors, logger } = recordingLogger();
  const events = new StoreEvents(logger);
  events.listeners.on("breaker-closed", async () => {
    await Promise.resolve();
    throw new Error("async listener");
  });
  events.listeners.on("breaker-closed", () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error("thenable")) }));
  events.emit(CLOSED);
  await vi.waitFor(() => expect(errors).toHaveLength(1), { timeout: 120_000 });
  // Node.js reports unhandled rejections after the microtasks of the turn in which they occur.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test("a listener that keeps failing is logged at intervals, with the number of suppressed failures", () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  const { errors, logger } = recordingLogger();
  const events = new StoreEvents(logger);
  events.listeners.on("breaker-closed", () => {
    throw new Error("always");
  });
  for (let n = 0; n < 100; n += 1) events.emit(CLOSED);
  expect(errors).toHaveLength(1);
  now.mockReturnValue(60_000);
  events.emit(CLOSED);
  expect(errors[1]?.fields).toMatchObject({ suppressed: 99 });
});

test("a removed listener is not called; one added during an event is called from the next event on", () => {
  const events = new StoreEvents(silentLogger);
  const called: string[] = [];
  const added = (): unknown => called.push("added");
  const removed = (): unknown => called.push("removed");
  events.listeners.on("breaker-closed", removed);
  events.listeners.on("breaker-closed", () => events.listeners.on("breaker-closed", added).off("breaker-closed", removed));
  events.emit(CLOSED);
  expect(called).toEqual(["removed"]);
  events.emit(CLOSED);
  expect(called).toEqual(["removed", "added"]);
});

test("a failing event counter does not prevent listeners from receiving the event", () => {
  const events = new StoreEvents(silentLogger, () => {
    throw new Error("metrics SDK");
  });
  const called: string[] = [];
  events.listeners.on("breaker-closed", ({ type }) => called.push(type));
  events.emit(CLOSED);
  expect(called).toEqual(["breaker-closed"]);
});

test("a logger that throws or rejects fails no operation and is reported once as a process warning", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const rejecting: () => unknown = () => Promise.reject(new Error("log server"));
  const logger: Logger = {
    ...silentLogger,
    warn: () => {
      throw new Error("disk full");
    },
    error: rejecting,
  };
  const log = new StoreLog({ logger, logLevel: "debug" });
  log.warn({}, "one");
  log.warn({}, "two");
  log.error({}, "three");
  await new Promise((resolve) => setImmediate(resolve));
  expect(warn).toHaveBeenCalledTimes(1);
  expect(String(warn.mock.calls[0]?.[0])).toContain("disk full");
});
