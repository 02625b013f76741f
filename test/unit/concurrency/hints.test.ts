import { afterEach, expect, test } from "vitest";
import { Hints } from "../../../src/concurrency/hints.ts";

const before = Hints.enabled;
afterEach(() => (Hints.enabled = before));

test("hints are returned by name until they are forgotten", () => {
  Hints.enabled = true;
  const hints = new Hints<number>({ max: 10 });
  hints.record("a", 1);
  expect([hints.get("a"), hints.get("b")]).toEqual([1, undefined]);
  hints.forget("a");
  expect(hints.get("a")).toBeUndefined();
});

test("disabled hints are neither recorded nor returned", () => {
  const hints = new Hints<number>({ max: 10 });
  Hints.enabled = true;
  hints.record("a", 1);
  Hints.enabled = false;
  hints.record("b", 2);
  expect(hints.get("a")).toBeUndefined();
  Hints.enabled = true;
  expect([hints.get("a"), hints.get("b")]).toEqual([1, undefined]);
});
