/** The short form of `npm run test:projects`: the packed package in projects of users. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packPackage } from "../projects/cases/pack.ts";
import { runTrial, TRIALS, type Result } from "../projects/cases/index.ts";

let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-packed-"));
  tarball = await packPackage(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(["esbuild", "jest", "deno", "bun"])("the packed package works in a project with %s", async (name) => {
  const trial = TRIALS.find((one) => one.name === name);
  if (trial === undefined) throw new Error(`There is no trial ${name}.`);
  const results: Result[] = [];
  for await (const result of runTrial(trial, tarball)) results.push(result);
  expect(results.length).toBeGreaterThan(0);
  expect(results.filter(({ isRight }) => !isRight)).toEqual([]);
});
