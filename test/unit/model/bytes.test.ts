/** What JSON texts take in memory. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parsedBytes } from "../../../src/model/bytes.ts";

/** Longer than the texts whose content is not examined. */
const LONG = "x".repeat(5_000);

test("elements and containers outside of texts count, whatever the texts contain", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom("[", "{", ",", '"', "\\", "é", "a") }), { minLength: 1 }), fc.nat(20), (texts, empty) => {
      const value = [LONG, ...texts, ...Array.from({ length: empty }, () => [])];
      const json = Buffer.from(JSON.stringify(value));
      expect(parsedBytes(json)).toBe(json.length + 16 * (value.length - 1) + 40 * (1 + empty));
    }),
  );
});

test("a text that is cut in the middle ends", () => {
  const cut = Buffer.from(`["${LONG}`);
  expect(parsedBytes(cut)).toBe(cut.length + 40);
});
