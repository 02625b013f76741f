import { expect, test } from "vitest";
import { Slots } from "../../../src/concurrency/slots.ts";

test("a slot holds its object until it is freed, and is then reused", () => {
  const slots = new Slots<{ readonly n: number }>();
  const [a, b] = [slots.add({ n: 1 }), slots.add({ n: 2 })];
  expect([slots.at(a), slots.at(b), slots.at(7), slots.at(-1)]).toEqual([{ n: 1 }, { n: 2 }, null, null]);
  slots.free(a);
  slots.free(a);
  expect(slots.at(a)).toBeNull();
  expect(slots.size).toBe(1);
  expect(slots.all()).toEqual([{ n: 2 }]);
  expect(slots.add({ n: 3 })).toBe(a);
  expect(slots.all()).toEqual([{ n: 3 }, { n: 2 }]);
  expect(slots.size).toBe(2);
});
