/** Serverless platforms freeze a process between two calls, for seconds or hours, and thaw it for the next one. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

/** Longer than Qdrant's client keeps an idle connection (4 s), milliseconds. */
const FREEZE_MS = 6_000;

const servers = inject("servers");
const keyspace = uniqueName("freeze");
const qdrant = new URL(servers.qdrant.url);
const [cqlHost = "", cqlPort = ""] = servers.cql.contactPoints[0]?.split(":") ?? [];
const targets = [{ host: cqlHost, port: Number(cqlPort) }, { host: qdrant.hostname, port: Number(qdrant.port) }] as const;
let proxies: [TcpProxy, TcpProxy];

beforeAll(async () => {
  proxies = [await TcpProxy.start(targets[0]), await TcpProxy.start(targets[1])];
});

afterAll(async () => {
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await dropKeyspace(servers, keyspace);
});

/** Closes every connection, as servers and load balancers do with idle ones. */
async function closeConnections(): Promise<void> {
  for (const [i, proxy] of proxies.entries()) {
    const { port } = proxy;
    await proxy.stop();
    proxies[i] = await TcpProxy.start(targets[i] ?? targets[0], port);
  }
}

/** Starts a process with a store; `call` makes one call there and returns its answer. */
async function startInstance() {
  const [cql, vectors] = proxies;
  const given = serverConfig(servers, keyspace);
  const config = { ...given, cql: { ...given.cql, contactPoints: [`127.0.0.1:${cql.port}`] }, qdrant: { ...given.qdrant, url: `http://127.0.0.1:${vectors.port}` } };
  const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, ["--import", path("../support/use-sources.ts"), path("freeze-child.ts"), JSON.stringify(config)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<unknown> => (await lines.next()).value;
  expect(await nextLine()).toBe("ready");
  return {
    child,
    nextLine,
    call: (text: string): Promise<unknown> => {
      child.stdin.write(`${text}\n`);
      return nextLine();
    },
  };
}

test("a store answers after a freeze that is longer than the idle timeouts of its connections", async () => {
  const { child, call, nextLine } = await startInstance();
  expect(await call("first")).toBe("first");
  child.kill("SIGSTOP");
  await pause(FREEZE_MS);
  child.kill("SIGCONT");
  expect(await call("second")).toBe("second");
  child.stdin.end();
  expect(await nextLine()).toBe("stopped");
});

test("a store opens connections again that were closed during a freeze", async () => {
  const { child, call, nextLine } = await startInstance();
  expect(await call("first")).toBe("first");
  for (const text of ["second", "third"]) {
    child.kill("SIGSTOP");
    await closeConnections();
    child.kill("SIGCONT");
    expect(await call(text)).toBe(text);
  }
  child.stdin.end();
  expect(await nextLine()).toBe("stopped");
});
