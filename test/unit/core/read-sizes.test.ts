/** How many searches run at a time depends on the sizes of the values that searches read. */
import { expect, test } from "vitest";
import { ReadSizes } from "../../../src/core/read-sizes.ts";
import { recordOf } from "../../../src/testing/records.ts";

const page = (items: number, bytes: number) => Array.from({ length: items }, (_, i) => recordOf("a", `k${i}`, { value: { text: "x".repeat(bytes) } }));

test("few searches run while pages are large, and any number again after some small pages", () => {
  const sizes = new ReadSizes();
  expect(sizes.searchesAtOnce).toBe(4);
  sizes.record(page(10, 4 * 1024 * 1024));
  expect(sizes.searchesAtOnce).toBe(1);
  for (let read = 0; read < 10; read += 1) sizes.record(page(10, 1_000));
  expect(sizes.searchesAtOnce).toBeGreaterThan(1_000);
  // One larger than all bytes together.
  sizes.record(page(10, 8 * 1024 * 1024 - 100));
  expect(sizes.searchesAtOnce).toBe(1);
});
