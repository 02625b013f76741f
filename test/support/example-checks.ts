/** What docs/examples.md and docs/mcp.md promise, verified from the outside in a folder where the package is installed. */
import { strict as assert } from "node:assert";
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { waitUntil } from "../servers/wait-until.ts";
import { callTool } from "./mcp-call.ts";

/** A running program, with its output so far. */
interface Program {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

function start(folder: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, NODE_OPTIONS: "", OPENAI_API_KEY: "", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  return { child, output: () => text, ended };
}

/** Runs a program of the folder to its end and returns its output. */
async function outputOf(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { ended, output } = start(folder, process.execPath, args, env);
  const code = await ended;
  assert.equal(code, 0, `node ${args.join(" ")} ended with ${code}:\n${output()}`);
  return output();
}

/** Runs a server until `use` is done. The address is the first one that the server prints. */
async function serving(folder: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv, use: (url: string, program: Program) => Promise<void>): Promise<void> {
  const program = start(folder, command, args, env);
  try {
    await use(await addressOf(program), program);
  } catch (error) {
    throw new Error(`${args.join(" ")} failed; its output:\n${program.output()}`, { cause: error });
  } finally {
    program.child.kill("SIGTERM");
    await program.ended;
  }
}

function addressOf({ child, output, ended }: Program): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const [url] = /http:\/\/(?:127\.0\.0\.1|localhost):\d+[\w/]*/.exec(output()) ?? [];
      if (url !== undefined) resolve(url);
    };
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", look);
    ended.then((code) => reject(new Error(`ended with ${code}`)), reject);
  });
}

const file = (): string => `${randomUUID()}.db`;
const asJson = { "content-type": "application/json" };

/** The chat service remembers across threads, not across users, and ends cleanly at SIGTERM. */
export async function checkChatService(folder: string): Promise<void> {
  await serving(folder, process.execPath, ["examples/chat-service/server.ts"], { PORT: "0", STORE_FILE: file() }, async (url, program) => {
    const say = async (user: string, thread: string, message: string): Promise<string> => {
      const response = await fetch(`${url}/chat`, { method: "POST", headers: { ...asJson, "x-user": user }, body: JSON.stringify({ thread, message }) });
      const events = await response.text();
      return [...events.matchAll(/event: token\ndata: (.*)/g)].map(([, data = ""]) => JSON.parse(data) as string).join("");
    };
    assert.match(await say("mia", "1", "I am allergic to peanuts"), /I will remember that\./);
    assert.equal(await say("mia", "2", "Which snacks suit me?"), "You told me: I am allergic to peanuts");
    assert.equal(await say("tom", "2", "Which snacks suit me?"), "I do not know you yet.");
    program.child.kill("SIGTERM");
    assert.equal(await program.ended, 0);
    assert.match(program.output(), /Stopped\./);
  });
}

/** A file that a deep agent writes in one conversation is read in another of the same user. */
export async function checkDeepAgents(folder: string): Promise<void> {
  const output = await outputOf(folder, ["examples/deepagents/agent.ts"], { STORE_FILE: file() });
  assert.match(output, /\[mia, thread-2\] What do you know about me\?\n.*\n?Mia is allergic to peanuts/);
  assert.match(output, /items: \[ 'users mia files \/notes\.md' \]/);
}

/** Documents are loaded, found by meaning, and not loaded again. */
export async function checkDocumentLoader(folder: string): Promise<void> {
  const documents = join(folder, randomUUID());
  await mkdir(documents);
  await writeFile(join(documents, "tea.md"), "# Tea\n\nSteep green tea for two minutes.\n");
  const env = { STORE_FILE: file() };
  const args = ["examples/load-documents/load.ts", documents, "How long does tea steep?"];
  const first = await outputOf(folder, args, env);
  assert.match(first, /1 files: 1 chunks loaded, 0 unchanged, 0 deleted\./);
  assert.match(first, /0\.\d\d {2}tea\.md › Tea/);
  assert.match(await outputOf(folder, args, env), /1 files: 0 chunks loaded, 1 unchanged, 0 deleted\./);
}

const bin = (folder: string): string => join(folder, "node_modules", "langgraph-store-scylladb", "dist", "cli", "main.mjs");
const served = (): string[] => ["mcp", "--root", "users/mia", "--path", file(), "--embeddings", "local", "--set", "index.fields=text"];

async function useMcp(client: Client): Promise<void> {
  assert.deepEqual((await client.listTools()).tools.map(({ name }) => name).sort(), ["forget", "get", "list", "save", "search"]);
  assert.equal((await callTool(client, "save", { text: "Mia loves spicy Thai curry" })).isError, false);
  const { content } = await callTool(client, "search", { query: "What should I cook?" });
  assert.deepEqual((content["items"] as { value: unknown }[]).map(({ value }) => value), [{ text: "Mia loves spicy Thai curry" }]);
  assert.equal((await client.listResources()).resources.length, 1);
  await client.close();
}

/** The installed command serves the official client over standard input and output. */
export async function checkMcpStdio(folder: string): Promise<void> {
  const client = new Client({ name: "check", version: "1" });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [bin(folder), ...served()], cwd: folder, stderr: "ignore" }));
  await useMcp(client);
}

/** The installed command serves the official client over HTTP, and rejects one without the token. */
export async function checkMcpHttp(folder: string): Promise<void> {
  const token = "a-token-of-the-checks-0123456789";
  await serving(folder, process.execPath, [bin(folder), ...served(), "--http", "--port", "0"], { MCP_BEARER_TOKEN: token }, async (url) => {
    assert.equal((await fetch(url, { method: "POST" })).status, 401);
    const client = new Client({ name: "check", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }));
    await useMcp(client);
  });
}

/** A Next.js application of the folder, in development or built before, remembers what its users say. */
export async function checkNextJs(folder: string, mode: "dev" | "start"): Promise<void> {
  const next = join("node_modules", "next", "dist", "bin", "next");
  const env = { STORE_FILE: file(), NEXT_TELEMETRY_DISABLED: "1" };
  if (mode === "start") await outputOf(folder, [next, "build", "--webpack"], env);
  await serving(folder, process.execPath, [next, mode, ...(mode === "dev" ? ["--webpack"] : []), "--port", "0", "--hostname", "127.0.0.1"], env, async (url) => {
    const say = async (message: string, user = "mia"): Promise<string> =>
      (await fetch(`${url}/api/chat`, { method: "POST", headers: { "x-user": user }, body: JSON.stringify({ message }) })).text();
    assert.match(await say("I play chess on Fridays"), /I will remember that\./);
    assert.equal(await say("What do I do on Fridays?"), "You told me: I play chess on Fridays");
    assert.equal(await say("What do I do on Fridays?", "tom"), "I do not know you yet.");
  });
}

/** The agent remembers on a LangGraph server of the folder. */
export async function checkLangGraphServer(folder: string, port: number): Promise<void> {
  const cli = join("node_modules", "@langchain", "langgraph-cli", "dist", "cli", "cli.mjs");
  const args = [cli, "dev", "--no-browser", "--host", "127.0.0.1", "--port", String(port)];
  await serving(folder, process.execPath, args, { STORE_FILE: file(), LANGSMITH_TRACING: "false" }, async () => {
    const url = `http://127.0.0.1:${port}`;
    await answering(`${url}/ok`);
    const say = async (content: string): Promise<string | undefined> => {
      const body = { assistant_id: "agent", input: { messages: [{ role: "user", content }] }, config: { configurable: { user_id: "mia" } } };
      const response = await fetch(`${url}/runs/wait`, { method: "POST", headers: asJson, body: JSON.stringify(body) });
      const { messages } = (await response.json()) as { messages: { content: string }[] };
      return messages.at(-1)?.content;
    };
    assert.match((await say("I live in Hamburg")) ?? "", /I will remember that\./);
    assert.equal(await say("Where do I live?"), "You told me: I live in Hamburg");
  });
}

/** Resolves once the address answers with status 200. */
async function answering(url: string): Promise<void> {
  const answers = (): Promise<boolean> => fetch(url).then(({ ok }) => ok, () => false);
  await waitUntil(`an answer of ${url}`, answers, { timeoutMs: 120_000, everyMs: 200 });
}
