/** The examples and the MCP server, from the packed package in an empty folder. `npm run test:examples` also runs those that need a registry. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkChatService, checkDeepAgents, checkDocumentLoader, checkMcpHttp, checkMcpStdio } from "../support/example-checks.ts";
import { copyExamples, documentedCommands, installOffline, packInto } from "../support/packed-package.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "packed-"));
  await installOffline(folder, await packInto(folder, { types: false }));
  await copyExamples(folder);
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["the chat service", checkChatService],
  ["deepagents", checkDeepAgents],
  ["the document loader", checkDocumentLoader],
  ["the MCP server over standard input and output", checkMcpStdio],
  ["the MCP server over HTTP", checkMcpHttp],
])("%s works from the packed package as documented", async (_, check) => {
  await check(folder);
});

test("the documented commands install the package first", async () => {
  expect((await documentedCommands()).find((line) => line.startsWith("npm install"))).toContain("langgraph-store-scylladb");
});
