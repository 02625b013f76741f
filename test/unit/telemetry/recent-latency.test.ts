import { expect, test } from "vitest";
import { RecentLatency } from "../../../src/telemetry/recent-latency.ts";

test("percentiles cover the last one or two minutes", () => {
  const latency = new RecentLatency();
  expect(latency.read(0)).toBeNull();
  for (let i = 1; i <= 100; i += 1) latency.record(i, i);
  const first = latency.read(10_000);
  expect(first?.count).toBe(100);
  expect(first?.p50).toBeCloseTo(50, -1);
  expect(first?.p99).toBeGreaterThan(97);
  expect(first?.p99).toBeLessThan(101);
  expect(first?.perSecond).toBeCloseTo(10, 0);
  latency.record(5_000, 70_000);
  expect(latency.read(70_000)?.count).toBe(101);
  expect(latency.read(130_500)?.count).toBe(1);
  expect(latency.read(130_500)?.p50).toBeCloseTo(5_000, -2);
  expect(latency.read(400_000)).toBeNull();
});

test("durations of zero and of hours are counted", () => {
  const latency = new RecentLatency();
  latency.record(0, 1);
  latency.record(4 * 3_600_000, 2);
  expect(latency.read(3)).toMatchObject({ count: 2, p50: 0.001 });
});
