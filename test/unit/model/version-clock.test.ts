import { expect, test } from "vitest";
import { VersionClock } from "../../../src/model/version-clock.ts";

test("versions increase strictly for any clock", () => {
  const times = [100, 100, 90, 200];
  const clock = new VersionClock(() => times.shift() ?? 200);
  expect([clock.next(0), clock.next(0), clock.next(0), clock.next(0), clock.next(0)]).toEqual([100, 101, 102, 200, 201]);
});

test("a write gets a version above the one it replaces, without affecting other keys", () => {
  const clock = new VersionClock(() => 100);
  expect(clock.next(5_000)).toBe(5_001);
  expect(clock.next(0)).toBe(101);
});

test("the system clock returns microseconds", () => {
  const version = new VersionClock().next(0);
  expect(Math.abs(version / 1000 - Date.now())).toBeLessThan(60_000);
});
