import { expect, test } from "vitest";
import { writtenFiles } from "../../../scripts/config-docs.ts";
import { catalogueOf } from "../../../src/config/catalogue.ts";
import { variableOf } from "../../../src/config/environment.ts";
import { embeddedConfigSchema, serverConfigSchema } from "../../../src/config/schema.ts";

const catalogues = [serverConfigSchema, embeddedConfigSchema].map(catalogueOf);
const options = catalogues.flatMap((catalogue) => catalogue.options);

test("docs/configuration.md and .env.example are what the schema says; else run: npm run docs:config", async () => {
  for (const { path, isStale } of await writtenFiles()) {
    expect(isStale, `${path} is stale: run npm run docs:config`).toBe(false);
  }
});

test("every option says what it is", () => {
  expect(options.filter(({ description }) => description === "").map(({ path }) => path.join("."))).toEqual([]);
});

test("every option that is required has an example, for whoever left it out", () => {
  const without = options.filter(({ isRequired, isForCode, example }) => isRequired && !isForCode && example === undefined);
  expect(without.map(({ path }) => path.join("."))).toEqual([]);
});

test("no two options have one variable", () => {
  for (const catalogue of catalogues) {
    const names = catalogue.options.map(({ path }) => variableOf(path));
    expect(new Set(names).size).toBe(names.length);
  }
});
