/** Runs the README's programs for a local file unchanged. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readmeBlock, runExample, runProgram } from "../support/readme-blocks.ts";
import { uniqueName } from "../support/stores.ts";

const file = `./${uniqueName("readme")}.db`;

afterAll(async () => {
  for (const suffix of ["", "-wal", "-shm"]) await rm(file + suffix, { force: true });
});

test("the first README example finds the memory that answers the question", async () => {
  const program = (await readmeBlock("embedded")).replace("./memory.db", file);
  expect(await runProgram(program)).toMatch(/^food 0\.\d\d Mia loves spicy Thai curry\n$/);
});

test("the README's graph lists the namespaces of its tenant", async () => {
  expect(await runProgram(await readmeBlock("graph"))).toBe("[ 'notes' ]\n");
});

test("the README's pages continue by cursor", async () => {
  expect(await runProgram(await readmeBlock("paging"))).toBe(
    "entry-10 entry-12 entry-14\nentry-16 entry-18 entry-20\nentry-22 entry-24\n",
  );
});

test("the README's items with a TTL exist", async () => {
  expect(await runProgram(await readmeBlock("ttl"))).toBe("4\n");
});

test("the collection of docs/typed-values.md works as shown", async () => {
  expect(await runProgram(await readmeBlock("collection", "docs/typed-values.md"))).toBe("likes green tea 5\nValidationError\n");
});

test("the ranking of docs/retrieval.md works as shown", async () => {
  const output = await runProgram(await readmeBlock("ranking", "docs/retrieval.md"));
  expect(output).toMatch(/^new\nnew \{ factor: 2\.5, rank: 1 \}\nold complete\n$/);
});

test("the memory tools of docs/agent-tools.md work as shown", async () => {
  const output = await runProgram(await readmeBlock("tools", "docs/agent-tools.md"));
  expect(output).toBe("updated Mia loves spicy Thai curry\n[ 'Mia likes spicy Thai curries' ]\n");
});

test("the quickstart recalls by meaning, in another thread and in another process", async () => {
  const text = await runExample("quickstart", ["--file", file]);
  const [, asked = "", again = ""] = /Another thread asks:([\s\S]*)Another process, the same data:([\s\S]*)/.exec(text) ?? [];
  expect(asked).toMatch(/cook for dinner\?\n agent {2}0\.\d{3} {2}My favorite food is spicy Thai curry/);
  expect(again).toMatch(/What pet lives with the user\?\n agent {2}0\.\d{3} {2}My cat is called Mono/);
});

test("an in-memory store leaves no file when its program ends without stop()", async () => {
  const program = `
    import { readdirSync } from "node:fs";
    import { tmpdir } from "node:os";
    import { ScyllaDBStore } from "langgraph-store-scylladb";
    const store = await ScyllaDBStore.embedded({ path: ":memory:" });
    await store.put(["a"], "k", { secret: 1 });
    console.log(tmpdir(), readdirSync(tmpdir()).join());
  `;
  // A separate folder, because other tests create and delete theirs in the common one meanwhile.
  const folder = await mkdtemp(join(tmpdir(), "readme-"));
  try {
    const printed = await runProgram(program, { TMPDIR: folder });
    expect(printed).toMatch(/ langgraph-store-[^,]+\n$/);
    expect(printed.startsWith(folder)).toBe(true);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
