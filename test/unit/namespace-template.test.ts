import { expect, test } from "vitest";
import { namespaceTemplate } from "../../src/tools/namespace-template.ts";

test("a placeholder takes only the run's own value, never an inherited one", () => {
  const of = namespaceTemplate(["users", "{user_id}"], "createMemoryTools()");
  expect(of({ user_id: "mia" })).toEqual(["users", "mia"]);
  for (const configurable of [Object.create({ user_id: "victim" }), JSON.parse('{"__proto__":{"user_id":"victim"}}'), [], null, "user_id"] as unknown[]) {
    expect(() => of(configurable)).toThrow("config.configurable.user_id is missing");
  }
});
