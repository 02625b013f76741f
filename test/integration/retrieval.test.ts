/** Real text, real embedder, real servers: questions find the package that answers them. */
import type { IndexConfig } from "@langchain/langgraph-checkpoint";
import { LOCAL_EMBEDDINGS_DIMS, LocalEmbeddings } from "langgraph-store-scylladb/local-embeddings";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { readmeSections } from "../support/readme-sections.ts";
import { makeEmbeddedStore, onServers, type TestStore } from "../support/stores.ts";

const packages = [
  "ajv", "ssh2", "glob", "fast-check", "commander", "protobufjs", "undici", "fflate", "dockerode", "semver", "lru-cache",
  "mustache", "markdown-it", "cassandra-driver", "json5", "chalk", "node-emoji", "tweetnacl", "seedrandom", "eslint",
  "proper-lockfile", "tar-stream", "highlight.js", "cli-table3", "retry", "tmp", "punycode", "pino",
];

const questions: readonly (readonly [string, string])[] = [
  ["retry an operation that failed, waiting longer each time", "retry"],
  ["connect to a remote machine over SSH and run a command", "ssh2"],
  ["validate data against a JSON schema", "ajv"],
  ["encrypt and sign messages", "tweetnacl"],
  ["print coloured text in the terminal", "chalk"],
  ["compare two version numbers of a package", "semver"],
  ["keep recently used values in memory and drop the oldest", "lru-cache"],
  ["start and stop containers from a program", "dockerode"],
  ["turn Markdown text into HTML", "markdown-it"],
  ["generate random numbers from a fixed seed", "seedrandom"],
  ["show an emoji by its name", "node-emoji"],
  ["read options from the command line", "commander"],
];

/** The local embedder; each text is embedded once for both stores. */
class OnceEmbeddings extends LocalEmbeddings {
  readonly #known = new Map<string, Promise<number[]>>();

  override embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }

  override embedQuery(text: string): Promise<number[]> {
    const known = this.#known.get(text) ?? super.embedDocuments([text]).then(([vector]) => vector ?? []);
    this.#known.set(text, known);
    return known;
  }
}

const made: TestStore[] = [];

beforeAll(async () => {
  const embeddings = new OnceEmbeddings();
  const index: IndexConfig = { dims: LOCAL_EMBEDDINGS_DIMS, embeddings, fields: ["text"] };
  made.push(await makeEmbeddedStore({ index }), await onServers(inject("servers"))({ index }));
  const sections = await readmeSections(packages, 6);
  expect(sections.length).toBeGreaterThan(120);
  const puts = sections.map((section, i) => ({ namespace: ["readmes", section.package.replaceAll(".", "-")], key: `${i}`, value: { ...section } }));
  // Outside the calls, whose deadlines a busy machine would exceed.
  await embeddings.embedDocuments([...sections.map(({ text }) => text), ...questions.map(([query]) => query)]);
  for (const { store } of made) await store.batch(puts);
});

afterAll(async () => {
  await Promise.all(made.map((each) => each.dispose()));
});

test("at least nine of twelve questions find their package in the top 3, equally on both backends", async () => {
  const answered: string[] = [];
  const missed: string[] = [];
  for (const [query, expected] of questions) {
    const [embedded, servers] = await Promise.all(made.map(({ store }) => store.search(["readmes"], { query, limit: 3 })));
    expect(servers?.map(({ namespace, key }) => [namespace, key])).toEqual(
      embedded?.map(({ namespace, key }) => [namespace, key]),
    );
    const found = embedded?.map(({ value }) => String(value["package"])) ?? [];
    (found.includes(expected) ? answered : missed).push(`${query} -> ${found.join(", ")}`);
  }
  expect(answered.length, `Missed:\n${missed.join("\n")}`).toBeGreaterThanOrEqual(9);
});
