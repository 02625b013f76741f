/** Ctrl-C while a command still connects: a server accepts its connection and never answers. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { cli } from "../support/cli.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function silentServer(): Promise<Server> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).resume();
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Flags of a server that a command would await for an hour. */
function flagsOf(server: Server): string[] {
  const { port } = server.address() as AddressInfo;
  const options = { "cql.contactPoints": `127.0.0.1:${port}`, "cql.localDataCenter": "dc", "cql.keyspace": "k", "cql.requestTimeoutMs": 3_600_000 };
  return Object.entries(options).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
}

/** Arguments of the commands that require some. */
const ARGS: Readonly<Record<string, readonly string[]>> = {
  get: ["a", "k"],
  put: ["a", "k", "{}"],
  rm: ["a", "k", "--yes"],
  export: ["-"],
  import: ["-"],
  backup: ["folder"],
  restore: ["folder", "--yes"],
  erase: ["--prefix", "a", "--yes"],
  "migrate up": ["--yes"],
  "rebucket start": ["a", "--buckets", "2", "--yes"],
  mcp: ["--root", "a"],
};

/** `migrate print` connects to nothing. */
const CONNECTING = COMMANDS.filter(({ name, opensStore }) => opensStore && name !== "migrate print").map(({ name }) => name);

test.each(CONNECTING)("%s that waits for a server stops at Ctrl-C and exits with 130", async (name) => {
  const server = await silentServer();
  const interrupt = new AbortController();
  const connected = once(server, "connection");
  const running = cli([...name.split(" "), ...(ARGS[name] ?? []), ...flagsOf(server)], { signal: interrupt.signal });
  await Promise.race([connected, running]);
  interrupt.abort(new DOMException("Interrupted by Ctrl-C.", "AbortError"));
  expect(await running).toMatchObject({ code: 130, output: "", errors: expect.stringMatching(/Interrupted\.\n$/) as string });
});

test("the program that waits for a server ends at SIGINT with 130 and says that nothing was done", async () => {
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const server = await silentServer();
  const connected = once(server, "connection");
  const child = spawn(process.execPath, [main, "export", "-", ...flagsOf(server)], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, NODE_OPTIONS: "" } });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const exit = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  await Promise.race([connected, exit]);
  child.kill("SIGINT");
  expect({ code: await exit, errors }).toEqual({ code: 130, errors: "Nothing was done.\nInterrupted.\n" });
});
