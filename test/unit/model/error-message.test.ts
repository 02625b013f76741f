import { expect, test } from "vitest";
import { messageOf } from "../../../src/model/errors.ts";

test.each([
  [new Error("why"), "why"],
  ["why", "why"],
  [undefined, "undefined"],
  [Symbol("why"), "Symbol(why)"],
  [{ toString: null }, "Object"],
  [Object.create(null) as unknown, "Object"],
])("the message of what was thrown, whatever that is (%#)", (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});
