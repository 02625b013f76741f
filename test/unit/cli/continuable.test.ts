/** The command that an interrupted command prints. */
import { PassThrough } from "node:stream";
import { Command } from "commander";
import { expect, test } from "vitest";
import { continuable } from "../../../src/cli/continuable.ts";

/** Returns what a command prints when it is interrupted. */
async function printed(given: readonly string[], hasResume = false): Promise<string> {
  const errors = new PassThrough();
  const terminal = { input: new PassThrough(), output: new PassThrough(), errors, env: {}, signal: AbortSignal.abort() };
  const interrupted = continuable({ terminal, program: new Command("store"), given }, { hasResume }, () => Promise.reject(new Error("interrupted")));
  await expect(interrupted).rejects.toThrow("interrupted");
  return String(errors.read()).trim();
}

test.each([
  [["--set", "cql.credentials.password=secret"], "--set 'cql.credentials.password=***'"],
  [["--set=qdrant.apiKey=secret"], "'--set=qdrant.apiKey=***'"],
  [["--set", "qdrant.url=https://mia:secret@127.0.0.1:6333"], "--set 'qdrant.url=https://mia:***@127.0.0.1:6333/'"],
  [["--from", "postgres://mia:secret@127.0.0.1/db"], "--from 'postgres://mia:***@127.0.0.1/db'"],
  [["--from", "postgres://127.0.0.1/db?user=mia&password=secret"], "--from 'postgres://127.0.0.1/db?user=mia&password=***'"],
])("%j is printed without its secret", async (given, shown) => {
  expect(await printed(["import", ...given])).toBe(`Continue with: store import ${shown}`);
});

test("other arguments are printed as a shell reads them, with --resume once", async () => {
  const given = ["export", "it's mine.jsonl", "--prefix", "users.mia", "--set", "cql.keyspace=agents"];
  const shown = String.raw`Continue with: store export 'it'\''s mine.jsonl' --prefix users.mia --set cql.keyspace=agents --resume`;
  expect(await printed(given, true)).toBe(shown);
  expect(await printed([...given, "--resume"], true)).toBe(shown);
});
