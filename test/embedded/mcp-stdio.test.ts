/** The MCP server over standard input and output, as a client starts it, and the command that starts it. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { cli } from "../support/cli.ts";
import embeddings from "../support/cli-embeddings.ts";
import { callTool } from "../support/mcp-call.ts";
import { mcpUse } from "../support/mcp-use.ts";
import { uniqueName } from "../support/stores.ts";
import { PATIENT } from "../support/patient.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const embedder = fileURLToPath(new URL("../support/cli-embeddings.ts", import.meta.url));
const sources = fileURLToPath(new URL("../support/use-sources.ts", import.meta.url));
const token = "a-token-of-the-tests-0123456789";

let folder: string;
let path: string;
const clients: Client[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mcp-"));
  path = join(folder, "memory.db");
});
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
afterAll(() => rm(folder, { recursive: true }));

function argsOf(root: string, ...flags: string[]): string[] {
  return ["--import", sources, main, "mcp", "--root", root, "--path", path, "--embeddings", embedder, "--set", "index.dims=64", "--set", "index.fields=text", ...flags];
}

async function connect(root: readonly string[], { readOnly = false } = {}): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const args = argsOf(root.join("/"), ...(readOnly ? ["--read-only"] : []));
  await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: "inherit" }));
  clients.push(client);
  return client;
}

/** The same file, as its owner opens it. */
async function owned<T>(use: (store: ScyllaDBStore) => Promise<T>): Promise<T> {
  await using store = await ScyllaDBStore.embedded({ path, limits: PATIENT, index: { dims: 64, embeddings, fields: ["text"] } });
  return use(store);
}

/** Starts the server, and returns what it printed when it has exited. */
async function run(args: readonly string[], input: string): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  return { code, output, errors };
}

describe("MCP over standard input and output", () => {
  mcpUse({
    connect,
    put: (namespace, key, value) => owned((store) => store.put(namespace, key, value)),
    get: (namespace, key) => owned(async (store) => (await store.get(namespace, key))?.value ?? null),
  });

  test("the server creates its store, prints protocol messages alone, survives malformed ones, and exits when its client is gone", async () => {
    const lines = [
      "this is no JSON",
      '{"jsonrpc":"2.0","id":9,"method":"no/such/method"}',
      '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}',
      '{"jsonrpc":"2.0","id":2,"method":"ping"}',
    ];
    const fresh = join(folder, `${uniqueName("fresh")}.db`);
    const { code, output } = await run([...argsOf("users/mia", "--path", fresh, "--log-level", "debug")], `${lines.join("\n")}\n`);
    const ids = output.trim().split("\n").map((line) => (JSON.parse(line) as { id: number }).id);
    expect(ids.sort()).toEqual([1, 2, 9]);
    expect(code).toBe(0);
    expect(existsSync(fresh)).toBe(true);
  });
});

describe("the command mcp", () => {
  const store = (): string[] => ["--path", join(folder, `${uniqueName("none")}.db`)];

  for (const [what, args, message] of [
    ["no root", [], "--root"],
    ["an empty root", ["--root", ""], "none of them empty"],
    ["a root whose last label is a variable without a value", ["--root", "users/"], "none of them empty"],
    ["a root with a period", ["--root", "users.mia"], "none of them empty"],
    ["HTTP without a token", ["--root", "users/mia", "--http"], "MCP_BEARER_TOKEN"],
    ["HTTP with a token file that is missing", ["--root", "users/mia", "--http", "--token-file", "/no/such/file"], "--token-file cannot be read"],
    ["HTTP on all interfaces", ["--root", "users/mia", "--http", "--host", "0.0.0.0", "--token-file", main], "bearer token of at least"],
  ] as const) {
    test(`rejects ${what} as wrong usage`, async () => {
      const { code, output, errors } = await cli(["mcp", ...args, ...store()]);
      expect({ code, output }).toEqual({ code: 2, output: "" });
      expect(errors).toContain(message);
    });
  }

  test("creates no store where clients can only read", async () => {
    const [, missing = ""] = store();
    expect((await cli(["mcp", "--root", "users/mia", "--read-only", "--path", missing])).errors).toContain("There is no store");
    expect(existsSync(missing)).toBe(false);
  });

  test("serves HTTP until it is interrupted", async () => {
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
    const abort = new AbortController();
    let [errors, status] = ["", 0];
    const { code } = await cli(["mcp", "--root", "users/mia", "--http", "--port", "0", "--token-file", tokenFile, ...store()], {
      signal: abort.signal,
      onErrors(text) {
        errors += text;
        const [url] = /http:\S+/.exec(errors) ?? [];
        if (url === undefined || status !== 0) return;
        status = -1;
        void fetch(url.replace(/\.$/, ""), { method: "POST", headers: { authorization: `Bearer ${token}` } }).then((response) => {
          ({ status } = response);
          abort.abort();
        });
      },
    });
    expect(code).toBe(0);
    expect(status).toBe(406);
    expect(errors).not.toContain(token);
  });

  test("ends cleanly at SIGTERM", async () => {
    const child = spawn(process.execPath, argsOf("users/mia", "--http", "--port", "0"), { env: { ...process.env, MCP_BEARER_TOKEN: token }, stdio: ["ignore", "ignore", "pipe"] });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.stderr.setEncoding("utf8").on("data", (text: string) => text.includes("Serving") && child.kill("SIGTERM"));
      child.on("error", reject).on("close", resolve);
    });
    expect(code).toBe(0);
  });
});

describe("docs/mcp.md", () => {
  for (const [client, servers, readOnly] of [["vscode", "servers", false], ["cursor", "mcpServers", true]] as const) {
    test(`the configuration for ${client} starts a server that answers`, async () => {
      const { args } = (await clientConfig(client))[servers]?.["memory"] as { args: string[] };
      const file = join(folder, `${uniqueName("docs")}.db`);
      const used = args.map((arg) => (arg.endsWith(".db") ? file : arg));
      // A read-only server creates no store.
      if (readOnly) await (await ScyllaDBStore.embedded({ path: file })).stop();
      const started = new Client({ name: "test", version: "1" });
      clients.push(started);
      await started.connect(new StdioClientTransport({ command: process.execPath, args: ["--import", sources, main, ...used], stderr: "inherit" }));
      if (!readOnly) await callTool(started, "save", { text: "Mia loves spicy Thai curry" });
      const { isError, content } = await callTool(started, "search", { query: "What should I cook?" });
      expect({ isError, items: (content["items"] as unknown[]).length }).toEqual({ isError: false, items: readOnly ? 0 : 1 });
    });
  }

  test("the configurations for HTTP name the default address", async () => {
    for (const [client, servers] of [["vscode-http", "servers"], ["cursor-http", "mcpServers"]] as const) {
      expect((await clientConfig(client))[servers]?.["memory"]).toMatchObject({ url: "http://127.0.0.1:3920/mcp", headers: { Authorization: expect.stringMatching(/^Bearer /) as string } });
    }
  });
});

async function clientConfig(client: string): Promise<Record<string, Record<string, unknown>>> {
  const page = await readFile(new URL("../../docs/mcp.md", import.meta.url), "utf8");
  const json = new RegExp(`<!-- client: ${client} -->\n\`\`\`json\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  return JSON.parse(json ?? "null") as Record<string, Record<string, unknown>>;
}

test("a client that asks for what is not there gets an error, not a crash", async () => {
  const client = await connect(["users", "zoe"]);
  expect(await callTool(client, "no_such_tool", {})).toMatchObject({ isError: true });
  expect(await callTool(client, "search", {})).toMatchObject({ isError: true });
  expect((await callTool(client, "list", {})).content).toEqual({ items: [] });
});
