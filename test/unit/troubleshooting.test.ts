/** docs/troubleshooting.md has a section for each error code and each event, and for no others. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

function read(path: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
}

function sectionsOf(page: string, title: string): Map<string, string> {
  const [, part = ""] = new RegExp(`\\n## ${title}\\n([^]*?)(?=\\n## |$)`).exec(page) ?? [];
  return new Map([...part.matchAll(/\n### ([^\n]+)\n([^]*?)(?=\n### |$)/g)].map(([, name = "", text = ""]) => [name, text]));
}

test("docs/troubleshooting.md explains every error code with symptom, cause and fix", async () => {
  const [, union = ""] = /export type StoreErrorCode =([^;]*);/.exec(await read("src/model/errors.ts")) ?? [];
  const codes = [...union.matchAll(/"([A-Z_]+)"/g)].map(([, code = ""]) => code);
  expect(codes.length).toBeGreaterThan(10);
  expectComplete(sectionsOf(await read("docs/troubleshooting.md"), "Error codes"), codes);
});

test("docs/troubleshooting.md explains every event with symptom, cause and fix", async () => {
  const types = [...(await read("src/ports/events.ts")).matchAll(/readonly type: "([a-z-]+)"/g)].map(([, type = ""]) => type);
  expect(types.length).toBeGreaterThan(10);
  expectComplete(sectionsOf(await read("docs/troubleshooting.md"), "Events"), types);
});

function expectComplete(sections: ReadonlyMap<string, string>, names: readonly string[]): void {
  expect([...sections.keys()].toSorted()).toEqual(names.toSorted());
  for (const [name, text] of sections) expect(text, name).toMatch(/\*\*Symptom\.\*\*[^]*\*\*Cause\.\*\*[^]*\*\*Fix\.\*\*/);
}
