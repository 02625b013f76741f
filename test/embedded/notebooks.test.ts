/** The first notebook runs, with the outputs that are stored in it; `npm run notebooks` executes all of them. */
import { expect, test } from "vitest";
import { executeNotebook, notebookNames, storedOutput } from "../support/notebooks.ts";

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
