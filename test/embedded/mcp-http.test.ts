/** The MCP server over streamable HTTP, with the official client and with hostile requests. */
import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { serveHttp, type HttpOptions, type McpHttpServer } from "langgraph-store-scylladb/mcp";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { serveHttpWithin } from "../../src/mcp/http.ts";
import { callTool } from "../support/mcp-call.ts";
import { failsUnlessClosed, headOf, INITIALIZE, opensSession, PING, type Raw, send, sendText, statusOf, STILL_CONNECTED, token } from "../support/mcp-http-requests.ts";
import { mcpUse } from "../support/mcp-use.ts";
import { PATIENT } from "../support/patient.ts";

let store: ScyllaDBStore;
const servers: McpHttpServer[] = [];
const clients: Client[] = [];

beforeAll(async () => {
  store = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index: { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] } });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => store.stop());

async function serve(options: Partial<HttpOptions> = {}, root: readonly string[] = ["users", "mia"], readOnly = false): Promise<McpHttpServer> {
  const server = await serveHttp({ store, root, readOnly }, { token, port: 0, ...options });
  servers.push(server);
  return server;
}

async function client(server: McpHttpServer): Promise<Client> {
  const made = new Client({ name: "test", version: "1" });
  await made.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }));
  clients.push(made);
  return made;
}

/** Timeout of requests in tests of it, milliseconds. */
const REQUEST_TIMEOUT = 200;

async function serveWithin(requestTimeout: number, options: Partial<HttpOptions>): Promise<McpHttpServer> {
  const server = await serveHttpWithin({ store, root: ["users", "mia"] }, { token, port: 0, ...options }, requestTimeout);
  servers.push(server);
  return server;
}

describe("MCP over HTTP", () => {
  mcpUse({
    connect: async (root, { readOnly = false } = {}) => client(await serve({}, root, readOnly)),
    put: (namespace, key, value) => store.put(namespace, key, value),
    get: async (namespace, key) => (await store.get(namespace, key))?.value ?? null,
  });

  test("several clients of one server have sessions of their own", async () => {
    const server = await serve();
    const [first, second] = [await client(server), await client(server)];
    await callTool(first, "save", { text: "from the first", key: "k" });
    expect((await callTool(second, "get", { key: "k" })).content).toMatchObject({ value: { text: "from the first" } });
    expect(server.sessions).toBe(2);
  });

  test("resources are listed by pages", async () => {
    await store.batch(Array.from({ length: 230 }, (_, n) => ({ namespace: ["users", "many", "m"], key: `k${n}`, value: { n } })));
    const many = await client(await serve({}, ["users", "many"]));
    const names = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await many.listResources(cursor === undefined ? {} : { cursor });
      for (const { name } of page.resources) names.add(name);
      expect(page.resources.length).toBeLessThanOrEqual(100);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(names.size).toBe(230);
  });

  test("results that would make an answer too long are left out and counted", async () => {
    for (let n = 0; n < 5; n += 1) await store.put(["users", "long", "m"], `k${n}`, { text: `long ${n}`, body: "x".repeat(90_000) });
    const long = await client(await serve({}, ["users", "long"]));
    expect((await callTool(long, "search", { query: "long" })).content).toMatchObject({ items: [{}, {}], omitted: 3 });
  });
});

test("an error that is not the store's own is answered without its message", async () => {
  const fails = (): Promise<never> => Promise.reject(new Error("password=4711 at /etc/secret"));
  const scoped = (() => ({ get: fails, search: fails })) as unknown as ScyllaDBStore["scoped"];
  const broken = await serveHttp({ store: { scoped }, root: ["users", "mia"] }, { token, port: 0 });
  servers.push(broken);
  const connected = await client(broken);
  for (const [name, args] of [["get", { key: "k" }], ["search", { query: "q" }], ["list", {}]] as const) {
    expect(await callTool(connected, name, args)).toMatchObject({ isError: true, text: "The request failed with an internal error." });
  }
  await expect(connected.listResources()).rejects.toThrow("The request failed with an internal error.");
});

describe("time to live of items that clients read", () => {
  /** A store with an item, half of whose time has passed, so that each read renews it. */
  async function withItem(use: (served: ScyllaDBStore, renewals: () => Promise<number>) => Promise<void>): Promise<void> {
    await using served = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index: { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] }, ttl: { defaultTtl: 120 } });
    const [createdAt, expiresAt] = [-3_600_000, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const line = JSON.stringify({ namespace: ["users", "mia", "memories"], key: "k", value: { text: "half of the time" }, createdAt, updatedAt: createdAt, expiresAt, ttlMinutes: 120 });
    await served.importFrom(Readable.from([Buffer.from(`${line}\n`)]));
    await use(served, async () => {
      // Renewals are written in the background; a stop waits for them.
      await served.stop();
      return served.stats().ttlRefresh.written;
    });
  }

  async function serving(served: ScyllaDBStore, readOnly: boolean): Promise<Client> {
    const server = await serveHttp({ store: served, root: ["users", "mia"], readOnly }, { token, port: 0 });
    servers.push(server);
    return client(server);
  }

  test("a read-only server renews none", async () => {
    await withItem(async (served, renewals) => {
      const connected = await serving(served, true);
      expect((await callTool(connected, "search", { query: "time" })).content["items"]).toHaveLength(1);
      expect((await callTool(connected, "get", { key: "k" })).isError).toBe(false);
      await connected.readResource({ uri: "memory:///memories?key=k" });
      expect(await renewals()).toBe(0);
    });
  });

  test("lists of items and of resources renew none, and a get does", async () => {
    await withItem(async (served, renewals) => {
      const connected = await serving(served, false);
      expect((await callTool(connected, "list", {})).content["items"]).toHaveLength(1);
      expect((await connected.listResources()).resources).toHaveLength(1);
      expect(await renewals()).toBe(0);
    });
    await withItem(async (served, renewals) => {
      await callTool(await serving(served, false), "get", { key: "k" });
      expect(await renewals()).toBe(1);
    });
  });
});

const UNAUTHORIZED = { jsonrpc: "2.0", error: { code: -32_000, message: "A valid bearer token is required." }, id: null };

/** The answer to an Authorization header as it is, without its date. */
async function answerTo(server: McpHttpServer, method: string, authorization: string | undefined): Promise<string> {
  const { port } = new URL(server.url);
  const head = [`${method} /mcp HTTP/1.1`, `Host: 127.0.0.1:${port}`, "Content-Type: application/json", "Accept: application/json, text/event-stream"];
  if (authorization !== undefined) head.push(`Authorization: ${authorization}`);
  if (method === "POST") head.push(`Content-Length: ${INITIALIZE.length}`);
  const answer = await sendText(Number(port), `${head.join("\r\n")}\r\n\r\n${method === "POST" ? INITIALIZE : ""}`);
  return answer.replace(/^date: .*\r\n/im, "");
}

describe("a request without the right to be served", () => {
  for (const [what, authorization] of [
    ["no header", undefined],
    ["an empty header", ""],
    ["a scheme without a token", "Bearer "],
    ["a wrong token", "Bearer wrong-token-0123456789"],
    ["a wrong token of the same length", `Bearer ${token.slice(0, -1)}x`],
    ["one character", "Bearer a"],
    ["the beginning of the token", `Bearer ${token.slice(0, -1)}`],
    ["the end of the token", `Bearer ${token.slice(1)}`],
    ["a longer token", `Bearer ${token}0`],
    ["the token twice", `Bearer ${token}${token}`],
    ["the token and another", `Bearer ${token} ${token}`],
    ["a token of 10,000 characters", `Bearer ${"x".repeat(10_000)}`],
    ["another case of the token", `Bearer ${token.toUpperCase()}`],
    ["the token without its scheme", token],
    ["another scheme", `Basic ${Buffer.from(`user:${token}`).toString("base64")}`],
    ["a token beyond ASCII", "Bearer t\u00f6ken-of-the-tests-0123456789"],
    ["a token beyond Latin-1", `Bearer ${"\u{1f511}".repeat(10)}`],
    ["the token with a character beyond ASCII", `Bearer ${token}\u00e9`],
    ["the token in full-width characters", `Bearer ${token.replace("a", "\uff41")}`],
  ] as const) {
    test(`gets the same 401 with ${what}`, async () => {
      const server = await serve();
      for (const method of ["POST", "GET", "DELETE"]) {
        const answer = await answerTo(server, method, authorization);
        expect(answer).toMatch(/^HTTP\/1\.1 401 /);
        expect(answer).toMatch(/^www-authenticate: Bearer\r$/im);
        expect(answer).toContain(JSON.stringify(UNAUTHORIZED));
        expect(answer).toBe(await answerTo(server, method, "Bearer another-wrong-token-0123456789"));
      }
      expect(server.sessions).toBe(0);
    });
  }

  test("gets 401 with a beginning of the token of any length, and with more after it", async () => {
    const server = await serve();
    const longer = `${token}${"0".repeat(100)}`;
    for (let length = 1; length <= longer.length; length += 1) {
      const { status, body } = await send(server, { headers: { authorization: `Bearer ${longer.slice(0, length)}` } });
      expect(status, `${length} characters`).toBe(length === token.length ? 200 : 401);
      if (status === 401) expect(JSON.parse(body)).toEqual(UNAUTHORIZED);
    }
    expect(server.sessions).toBe(1);
  });

  test("gets 200 with a token of the shortest and of a long length, whatever the case of the scheme", async () => {
    for (const used of ["0123456789abcdef", "x".repeat(10_000)]) {
      const server = await serve({ token: used });
      for (const scheme of ["Bearer", "bearer", "BEARER "]) {
        expect((await send(server, { headers: { authorization: `${scheme} ${used}` } })).status).toBe(200);
      }
      expect((await send(server)).status).toBe(401);
    }
  });

  test("gets its 401 before it has sent its body, and is disconnected", async () => {
    const server = await serve();
    const { port } = new URL(server.url);
    const head = ["POST /mcp HTTP/1.1", `Host: 127.0.0.1:${port}`, "Authorization: Bearer wrong-token-0123456789", "Content-Length: 1000000"];
    expect(await sendText(Number(port), `${head.join("\r\n")}\r\n\r\n{`)).toMatch(/^HTTP\/1\.1 401 /);
  });

  test("gets 401 with a session id of another client but without the token", async () => {
    const server = await serve();
    const opened = await send(server);
    expect(opened.status).toBe(200);
    const session = String(opened.headers["mcp-session-id"]);
    const call = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/list", params: {} });
    expect((await send(server, { headers: { authorization: "", "mcp-session-id": session }, body: call })).status).toBe(401);
    expect((await send(server, { headers: { "mcp-session-id": session }, body: call })).status).toBe(200);
  });

  test("gets 403 under the host name of another site, as by DNS rebinding", async () => {
    const server = await serve();
    const { port } = new URL(server.url);
    for (const host of ["evil.example", `evil.example:${port}`, `127.0.0.1.evil.example:${port}`, "localhost.evil.example", "127.0.0.1@evil.example"]) {
      expect((await send(server, { headers: { host } })).status, host).toBe(403);
    }
    expect(await sendText(Number(port), "POST /mcp HTTP/1.0\r\nContent-Length: 0\r\n\r\n")).toMatch(/^HTTP\/1\.[01] 403/);
    for (const host of [`localhost:${port}`, "127.0.0.1", `[::1]:${port}`, `LOCALHOST:${port}`]) {
      expect((await send(server, { headers: { host } })).status, host).toBe(200);
    }
  });

  test("gets 403 from a web page of an origin that is not allowed, before its token is checked", async () => {
    const server = await serve({ allowedOrigins: ["http://localhost:6274"] });
    for (const origin of ["https://evil.example", "null", "http://localhost:6275", "https://localhost:6274", "http://localhost:6274.evil.example"]) {
      const { status, headers } = await send(server, { headers: { origin } });
      expect(status, origin).toBe(403);
      expect(headers["access-control-allow-origin"]).toBeUndefined();
      expect((await send(server, { method: "OPTIONS", headers: { origin, authorization: "" } })).status, origin).toBe(403);
    }
    const allowed = await send(server, { headers: { origin: "http://localhost:6274" } });
    expect(allowed).toMatchObject({ status: 200, headers: { "access-control-allow-origin": "http://localhost:6274" } });
    const preflight = await send(server, { method: "OPTIONS", headers: { origin: "http://localhost:6274", authorization: "" } });
    expect(preflight.status).toBe(204);
  });
});

describe("the bounds of the HTTP server", () => {
  test("a larger body gets 413, declared or not, and is not kept", async () => {
    const server = await serve({ maxBodyBytes: 2_000 });
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping", params: { x: "y".repeat(5_000) } });
    expect((await send(server, { body })).status).toBe(413);
    expect((await send(server, { body, headers: { "transfer-encoding": "chunked" } })).status).toBe(413);
    expect(server.sessions).toBe(0);
    expect((await send(server)).status).toBe(200);
  });

  test("a further session gets 503 until one is closed", async () => {
    const server = await serve({ maxSessions: 2 });
    const opened = await Promise.all([send(server), send(server), send(server), send(server)]);
    expect(opened.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503]);
    const session = opened.find(({ status }) => status === 200)?.headers["mcp-session-id"];
    expect((await send(server, { method: "DELETE", headers: { "mcp-session-id": String(session) } })).status).toBe(200);
    expect((await send(server)).status).toBe(200);
    expect(server.sessions).toBe(2);
  });

  test("a request that may become a session takes a place until it is complete", async () => {
    const server = await serve({ maxSessions: 1 });
    const { port } = new URL(server.url);
    const opening = connect(Number(port), "127.0.0.1");
    await once(opening, "connect");
    const head = [`POST /mcp HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`, "Content-Type: application/json", "Accept: application/json, text/event-stream"];
    opening.write([...head, `Content-Length: ${Buffer.byteLength(INITIALIZE)}`, "", INITIALIZE.slice(0, 10)].join("\r\n"));
    await expect.poll(async () => {
      const other = await send(server);
      if (other.status === 200) await send(server, { method: "DELETE", headers: { "mcp-session-id": String(other.headers["mcp-session-id"]) } });
      return other.status;
    }).toBe(503);
    opening.destroy();
    await expect.poll(async () => (await send(server)).status).toBe(200);
  });

  for (const [what, sent] of [
    ["no byte", () => ""],
    ["a part of its headers", (head: string) => head.slice(0, 40)],
    ["its headers and no body", (head: string) => head],
    ["a part of its body", (head: string) => head + INITIALIZE.slice(0, 10)],
  ] as const) {
    test(`a client that sends ${what} is disconnected after the timeout, and takes no place`, async () => {
      const server = await serveWithin(REQUEST_TIMEOUT, { maxSessions: 1 });
      const port = Number(new URL(server.url).port);
      const answer = await sendText(port, sent(headOf(port)));
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(server.sessions).toBe(0);
      await opensSession(server);
    });
  }

  test("a client that sends its body byte by byte is disconnected after the timeout, and takes no place", async () => {
    const server = await serveWithin(REQUEST_TIMEOUT, { maxSessions: 1 });
    const port = Number(new URL(server.url).port);
    const socket = connect(port, "127.0.0.1", () => socket.write(headOf(port)));
    // Each byte arrives well within the timeout; the entire body would take many times as long.
    let sent = 0;
    const drip = setInterval(() => {
      socket.write(" ");
      sent += 1;
    }, REQUEST_TIMEOUT / 10);
    try {
      // A byte that is sent after the server has disconnected fails.
      failsUnlessClosed(socket);
      const ended = new Promise<string>((resolve) => {
        let reason = "";
        socket.on("error", (error) => ((reason = error.message), clearInterval(drip))).on("close", () => resolve(reason));
      });
      expect(await ended).not.toBe(STILL_CONNECTED);
      expect(sent).toBeLessThan(INITIALIZE.length);
      expect(server.sessions).toBe(0);
      await opensSession(server);
    } finally {
      clearInterval(drip);
      socket.destroy();
    }
  });

  test("a client of an open session that sends its body slowly is disconnected after the timeout, and the session stays usable", async () => {
    const server = await serveWithin(REQUEST_TIMEOUT, {});
    const port = Number(new URL(server.url).port);
    const session = await opensSession(server);
    expect(await sendText(port, headOf(port, session) + "{")).toMatch(/^HTTP\/1\.1 408 /);
    await expect.poll(() => statusOf(send(server, { headers: { "mcp-session-id": session }, body: PING }))).toBe(200);
    expect(server.sessions).toBe(1);
  });

  test("a stream of notifications outlives the timeout of requests", async () => {
    const server = await serveWithin(REQUEST_TIMEOUT, {});
    const port = Number(new URL(server.url).port);
    const session = await opensSession(server);
    const stream = connect(port, "127.0.0.1", () => stream.write(headOf(port, session).replace("POST", "GET").replace(/Content-Length.*\r\n/, "")));
    await once(stream, "data");
    // A slow client that came later is disconnected, so the timeout is over.
    await sendText(port, headOf(port));
    expect(stream.closed).toBe(false);
    stream.destroy();
  });

  test("requests that open no session take no place", async () => {
    const server = await serve({ maxSessions: 1 });
    for (const body of ["", "{", "[]", "null", '{"jsonrpc":"2.0","id":1,"method":"tools/list"}', '{"jsonrpc":"2.0","method":"notifications/initialized"}']) {
      expect((await send(server, { body })).status, body).toBe(400);
    }
    expect(server.sessions).toBe(0);
    expect((await send(server)).status).toBe(200);
  });

  test("a session without requests is closed, and its id is unknown afterwards", async () => {
    const server = await serve({ sessionIdleMs: 1 });
    const { headers } = await send(server);
    await expect.poll(() => server.sessions).toBe(0);
    const again = await send(server, { headers: { "mcp-session-id": String(headers["mcp-session-id"]) } });
    expect(again.status).toBe(404);
  });

  test("a session that is used stays open past its idle time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const server = await serve({ sessionIdleMs: 1_800_000 });
      const { headers } = await send(server);
      const ping = (): Promise<Raw> => send(server, { headers: { "mcp-session-id": String(headers["mcp-session-id"]) }, body: JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" }) });
      for (let i = 0; i < 3; i += 1) {
        vi.advanceTimersByTime(1_700_000);
        expect((await ping()).status).toBe(200);
      }
      vi.advanceTimersByTime(1_900_000);
      await vi.waitFor(async () => expect((await ping()).status).toBe(404), { timeout: 120_000 });
    } finally {
      vi.useRealTimers();
    }
  });

  test("a session stays open past its idle time when its client opens a stream of notifications meanwhile", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const server = await serve({ sessionIdleMs: 1_800_000 });
      const session = await opensSession(server);
      vi.advanceTimersByTime(1_700_000);
      const { port } = new URL(server.url);
      const stream = connect(Number(port), "127.0.0.1", () => stream.write(headOf(Number(port), session).replace("POST", "GET").replace(/Content-Length.*\r\n/, "")));
      await once(stream, "data");
      vi.advanceTimersByTime(1_700_000);
      expect(server.sessions).toBe(1);
      vi.advanceTimersByTime(200_000);
      await vi.waitFor(() => expect(server.sessions).toBe(0), { timeout: 120_000 });
      stream.destroy();
    } finally {
      vi.useRealTimers();
    }
  });

  test("a session whose call runs longer than its idle time stays open for the answer", async () => {
    const gate = Promise.withResolvers<void>();
    const called = Promise.withResolvers<void>();
    const embeddings = new HashEmbeddings();
    const embedQuery = vi.spyOn(embeddings, "embedQuery").mockImplementation(async () => {
      called.resolve();
      await gate.promise;
      return [1, ...Array.from({ length: 63 }, () => 0)];
    });
    await using slow = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index: { dims: 64, embeddings, fields: ["text"] } });
    const server = await serveHttp({ store: slow, root: ["users", "mia"] }, { token, port: 0, sessionIdleMs: 50 });
    servers.push(server);
    const call = JSON.stringify({ jsonrpc: "2.0", id: 3, method: "tools/call", params: { name: "search", arguments: { query: "tea" } } });
    let answer: Promise<Raw>;
    do {
      // On a busy machine, a session may be closed before its call arrives.
      answer = send(server, { headers: { "mcp-session-id": await opensSession(server) }, body: call });
      await Promise.race([called.promise, answer]);
    } while (embedQuery.mock.calls.length === 0);
    // Sessions of later clients are idle and closed meanwhile.
    await opensSession(server);
    await expect.poll(() => server.sessions).toBe(1);
    gate.resolve();
    expect((await answer).status).toBe(200);
    await expect.poll(() => server.sessions).toBe(0);
  });

  test("an unknown session, path or method is answered by its status", async () => {
    const server = await serve();
    expect((await send(server, { headers: { "mcp-session-id": "00000000-0000-0000-0000-000000000000" } })).status).toBe(404);
    expect((await send(server, { method: "GET" })).status).toBe(400);
    expect((await send(server, { path: "/" })).status).toBe(404);
    expect((await send(server, { path: "/mcp/../etc/passwd" })).status).toBe(404);
    expect((await send(server, { method: "PUT" })).status).toBe(405);
  });

  test("close ends open streams and refuses new connections", async () => {
    const server = await serve();
    const connected = await client(server);
    const { port } = new URL(server.url);
    await server.close();
    expect(server.sessions).toBe(0);
    expect(await callTool(connected, "list", {})).toMatchObject({ isError: true });
    const refused = await new Promise<string>((resolve) => connect(Number(port), "127.0.0.1").on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "")).on("connect", () => resolve("connected")));
    expect(refused).toBe("ECONNREFUSED");
  });
});

describe("options of the HTTP server", () => {
  for (const [what, options, message] of [
    ["no token", { token: undefined }, "needs a bearer token"],
    ["a short token", { token: "short" }, "needs a bearer token"],
    ["a token with a space", { token: "a token with spaces" }, "needs a bearer token"],
    ["an address of all interfaces without host names", { host: "0.0.0.0" }, "allowed hosts"],
    ["an origin with a path", { allowedOrigins: ["http://localhost:6274/"] }, "scheme, host and port"],
    ["the origin *", { allowedOrigins: ["*"] }, "scheme, host and port"],
    ["a port that is none", { port: 70_000 }, "from 0 to 65535"],
    ["no session", { maxSessions: 0 }, "maxSessions"],
    ["an unknown option", { maxSession: 1 }, "has no option"],
  ] as const) {
    test(`reject ${what}`, async () => {
      await expect(serveHttp({ store, root: ["a"] }, { token, port: 0, ...options } as unknown as HttpOptions)).rejects.toThrow(message);
    });
  }

  test("reject an empty root, a root with a period and a port in use", async () => {
    await expect(serveHttp({ store, root: [] }, { token, port: 0 })).rejects.toThrow("empty");
    await expect(serveHttp({ store, root: ["users.mia"] }, { token, port: 0 })).rejects.toThrow("periods");
    const { port } = new URL((await serve()).url);
    await expect(serveHttp({ store, root: ["a"] }, { token, port: Number(port) })).rejects.toThrow("cannot listen");
  });
});
