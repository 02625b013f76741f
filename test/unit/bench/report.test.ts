import { expect, test } from "vitest";
import { measure } from "../../bench/measure.ts";
import { asMarkdown } from "../../bench/report.ts";
import { resultOf, type Result } from "../../bench/results.ts";
import { curves, scaleTable } from "../../bench/scale/curves.ts";
import { judge } from "../../bench/targets.ts";

const round = { p50Ms: 1, p95Ms: 2, p99Ms: 3, longestPauseMs: 4, rssMb: 100 };
const at = (system: Result["system"], ...speeds: number[]): Result =>
  resultOf("get-100", system, speeds.map((opsPerSec) => ({ ...round, opsPerSec })));

test("a result is the median of its rounds, with the slowest and the fastest", () => {
  expect(at("servers", 30, 10, 20)).toMatchObject({ opsPerSec: 20, spread: [10, 30], rounds: 3 });
  expect(at("servers", 10, 20)).toMatchObject({ opsPerSec: 15 });
});

test("targets are met, missed, or not measured", () => {
  const verdicts = judge([at("servers", 90), at("raw", 100), at("postgres", 80)]).filter(({ what }) => what === "get, 100 clients");
  expect(verdicts.map(({ reached, isMet }) => [reached, isMet])).toEqual([["0.90×", true], ["1.13×", false]]);
  const [first] = judge([]);
  expect(first).toMatchObject({ reached: null, isMet: null });
});

test("the report names systems that did not start, and failed cases", () => {
  const text = asMarkdown({
    date: "2026-01-01",
    command: "npm run bench",
    machine: "a machine",
    servers: "Cassandra and Qdrant (local)",
    rounds: 1,
    roundMs: 1_000,
    results: [at("servers", 12_345)],
    failures: [{ case: "get-1", system: "embedded", reason: "no room\n at a place" }],
    absent: [{ system: "postgres", reason: "no Python" }],
  });
  expect(text).toContain("**postgres** is missing: no Python");
  expect(text).toContain("**embedded** failed at `get-1`: no room\n");
  expect(text).toContain("| **12,345** (12,345–12,345) |");
});

test("a measurement counts the items of its calls, and never exceeds its clients", async () => {
  let inFlight = 0;
  let most = 0;
  const call = async (): Promise<void> => {
    most = Math.max(most, (inFlight += 1));
    await new Promise((resolve) => setImmediate(resolve));
    inFlight -= 1;
  };
  const { calls, opsPerSec } = await measure(call, { clients: 3, itemsPerCall: 50, forMs: 50, from: 0 });
  expect(most).toBe(3);
  expect(opsPerSec).toBeLessThanOrEqual((calls * 50) / 0.05);
  expect(opsPerSec).toBeGreaterThan(0);
});

test("growth is reported as a table and as a picture", () => {
  const step = (items: number, p50Ms: number) => ({
    items,
    loadedPerSec: 1_000,
    rssMb: 120,
    diskMb: null,
    answers: [{ ...round, opsPerSec: 1, question: "get", clients: 8, p50Ms }],
  });
  const steps = [step(10_000, 1), step(100_000, 1.2)];
  expect(scaleTable(steps)).toContain("| get, p50 ms | 1.00 | 1.20 | 1.20× |");
  expect(curves(steps)).toMatch(/^<svg .*get/s);
});
