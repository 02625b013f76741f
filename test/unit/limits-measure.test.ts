/** The measure of the tests of limits counts the memory that a call needs, and no garbage. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

test("garbage does not count, and objects and buffers that are kept do", async () => {
  const options = ["--expose-gc", "--max-old-space-size=1024", "--import", at("../support/use-sources.ts"), at("../support/limits/measure-child.ts")];
  const { stdout } = await promisify(execFile)(process.execPath, options);
  const grown = Object.fromEntries(stdout.trim().split("\n").map((line) => JSON.parse(line) as [string, number]));
  expect(grown["garbage"]).toBeLessThan(256);
  expect(grown["garbage of buffers"]).toBeLessThan(256);
  expect(grown["kept objects"]).toBeGreaterThan(256);
  expect(grown["kept buffers"]).toBeGreaterThan(256);
});
