import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/model/secret.ts";
import type { Logger } from "../../../src/ports/logger.ts";
import { RepeatedLines } from "../../../src/telemetry/repeated-lines.ts";
import { StoreLog } from "../../../src/telemetry/store-log.ts";

/** A console that records its lines. */
function recordingConsole(): { readonly lines: string[]; readonly console: Logger } {
  const lines: string[] = [];
  const console = Object.create(globalThis.console) as Record<string, unknown>;
  for (const level of ["debug", "info", "warn", "error"]) console[level] = (line: string) => void lines.push(`${level} ${line}`);
  return { lines, console: console as unknown as Logger };
}

describe("loggers", () => {
  test("pass each line to a console as one JSON object at its level, with secrets hidden", () => {
    const { lines, console } = recordingConsole();
    const log = new StoreLog({ logger: console, logLevel: "info" });
    log.debug({}, "too small a matter");
    log.warn({ durationMs: 120, password: new Secret("hunter2") }, "an operation was slow");
    expect(lines).toHaveLength(1);
    const [level, json = ""] = [lines[0]?.slice(0, 4), lines[0]?.slice(5)];
    expect(level).toBe("warn");
    expect(JSON.parse(json)).toMatchObject({ level: "warn", msg: "an operation was slow", durationMs: 120, password: "[secret]" });
  });

  test("pass fields and message to pino unchanged", () => {
    const lines: string[] = [];
    const log = new StoreLog({ logger: pino({ base: null }, { write: (line: string) => void lines.push(line) }), logLevel: "debug" });
    log.error({ service: "vectors" }, "it failed");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: 50, service: "vectors", msg: "it failed" });
  });
});

test("limit lines of one kind, and report how many were suppressed", () => {
  const lines = new RepeatedLines(1_000);
  expect(lines.due("put", 0)).toBe(0);
  expect(lines.due("put", 10)).toBeNull();
  expect(lines.due("get", 10)).toBe(0);
  expect(lines.due("put", 999)).toBeNull();
  expect(lines.due("put", 1_000)).toBe(2);
  expect(lines.due("put", 2_500)).toBe(0);
});
