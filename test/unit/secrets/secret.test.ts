/** A secret is not printed unless it is requested. */
import { inspect, format } from "node:util";
import { serialize, deserialize } from "node:v8";
import { expect, test } from "vitest";
import { Secret } from "../../../src/model/secret.ts";
import { fixedSecret } from "../../../src/ports/secrets.ts";

const TEXT = "correct-horse-battery";

test("a secret returns its text on request", () => {
  const secret = new Secret(TEXT);
  expect(secret.reveal()).toBe(TEXT);
  expect(secret.equals(new Secret(TEXT))).toBe(true);
  expect(secret.equals(new Secret("another"))).toBe(false);
});

test("a secret prints as [secret] in text, JSON, inspection and formats", () => {
  const secret = new Secret(TEXT);
  for (const shown of [String(secret), ["", secret].join(""), JSON.stringify(secret), inspect(secret), format("%s", secret)]) {
    expect(shown).toMatch(/^"?\[secret\]"?$/);
  }
  expect(JSON.stringify({ password: secret, list: [secret] })).toBe('{"password":"[secret]","list":["[secret]"]}');
});

test("a secret exposes no property with its text", () => {
  const secret = new Secret(TEXT);
  const holder = { deep: { secret, list: [secret], map: new Map([["secret", secret]]) }, text: fixedSecret(secret) };
  const shown = [
    inspect(holder, { depth: Infinity, showHidden: true, getters: true }),
    inspect(secret, { customInspect: false, showHidden: true, depth: Infinity }),
    format("%o %O %j %s", holder, holder, holder, holder),
    JSON.stringify(Object.getOwnPropertyDescriptors(secret)),
    JSON.stringify({ ...secret }),
    JSON.stringify(Object.entries(secret)),
    String(Reflect.ownKeys(secret)),
    inspect(structuredClone(secret)),
    inspect(deserialize(serialize(secret))),
    inspect(new Error(`with ${String(secret)}`, { cause: secret })),
  ];
  for (const each of shown) expect(each).not.toContain(TEXT);
});
