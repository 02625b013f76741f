/** The first notebook runs, with the outputs that are stored in it; `npm run notebooks` executes all of them. */
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { executeNotebook, notebookNames, storedOutput, storedPictures } from "../support/notebooks.ts";

test("notebook 1 runs from top to bottom and prints what is stored in it", async () => {
  const [first = ""] = await notebookNames();
  const { output } = await executeNotebook(first, process.env);
  expect(output).toBe(await storedOutput(first));
  expect(output).toContain('You told me: "I am allergic to peanuts"');
});

test("every notebook is stored with the outputs of all its cells", async () => {
  const names = await notebookNames();
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect((await storedOutput(name)).length, name).toBeGreaterThan(0);
});

test("the README links every notebook and example, and shows the plot that notebook 2 drew", async () => {
  const root = new URL("../../", import.meta.url);
  const readme = await readFile(new URL("README.md", root), "utf8");
  for (const name of await notebookNames()) expect(readme).toContain(`](examples/notebooks/${name})`);
  const folders = (await readdir(new URL("examples/", root), { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  for (const folder of folders.filter((name) => name !== "notebooks" && name !== "support")) expect(readme).toContain(`](examples/${folder}/`);
  for (const { file, content, inNotebook } of await storedPictures()) {
    expect(readme).toContain(`](docs/images/${file})`);
    expect(content).toMatch(/^<svg/);
    expect(content).toBe(inNotebook);
  }
});
