import { expect, test } from "vitest";
import { messageOf } from "../../../src/model/errors.ts";

test.each([
  [new Error("why"), "why"],
  ["why", "why"],
  [undefined, "undefined"],
  [Symbol("why"), "Symbol(why)"],
  [{ toString: null }, "Object"],
  [Object.create(null) as unknown, "Object"],
  [Object.assign(new Error("x"), { message: Symbol("x") }), "Error"],
])("the message of any thrown value is returned (%#)", (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});

test("the message of a revoked proxy is returned", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(messageOf(proxy)).toBe("a value that cannot be read");
});
