import { expect, test } from "vitest";
import { writtenFiles } from "../../../scripts/config-docs.ts";
import { catalogueOf } from "../../../src/config/catalogue.ts";
import { variableOf } from "../../../src/config/environment.ts";
import { embeddedConfigSchema, serverConfigSchema } from "../../../src/config/schema.ts";

const catalogues = [serverConfigSchema, embeddedConfigSchema].map(catalogueOf);
const options = catalogues.flatMap((catalogue) => catalogue.options);

test("docs/configuration.md and .env.example match the schema (to update: npm run docs:config)", async () => {
  for (const { path, isStale } of await writtenFiles()) {
    expect(isStale, `${path} is stale: run npm run docs:config`).toBe(false);
  }
});

test("every option has a description", () => {
  expect(options.filter(({ description }) => description === "").map(({ path }) => path.join("."))).toEqual([]);
});

test("every required option has an example for the error of a missing option", () => {
  const without = options.filter(({ isRequired, isForCode, example }) => isRequired && !isForCode && example === undefined);
  expect(without.map(({ path }) => path.join("."))).toEqual([]);
});

test("no two options share an environment variable", () => {
  for (const catalogue of catalogues) {
    const names = catalogue.options.map(({ path }) => variableOf(path));
    expect(new Set(names).size).toBe(names.length);
  }
});
