/** Requests to the MCP server over HTTP as anything may send them, without the official client. */
import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import type { McpHttpServer } from "langgraph-store-scylladb/mcp";
import { expect } from "vitest";

/** The token of all servers. */
export const token = "a-token-of-the-tests-0123456789";
/** The body that opens a session. */
export const INITIALIZE = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
});

export const PING = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" });

/** An answer. */
export interface Raw {
  readonly status: number;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** A request as anything may send it; `fetch` would not let a test set Host or Origin. */
export function send(server: McpHttpServer, { method = "POST", path, headers = {}, body = INITIALIZE }: { method?: string; path?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Raw> {
  const url = new URL(server.url);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: url.hostname,
        port: url.port,
        path: path ?? url.pathname,
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(method === "POST" ? body : undefined);
  });
}

/** Far longer than a connection may stay open in these tests, milliseconds. */
const CLOSED_WITHIN_MS = 30_000;
export const STILL_CONNECTED = `the server has not closed the connection within ${CLOSED_WITHIN_MS} ms`;

/** Fails a test whose server keeps a connection open, instead of waiting for it. */
export function failsUnlessClosed(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(new Error(STILL_CONNECTED)), CLOSED_WITHIN_MS);
  socket.on("close", () => clearTimeout(timer));
}

/** Sends text as it is, and returns what the server answers until it closes the connection. */
export function sendText(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    failsUnlessClosed(socket);
    socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
    socket.on("error", reject).on("close", () => resolve(answer));
  });
}

/** The headers of a request of a client that has the token, with a body of the length of {@link INITIALIZE}. */
export function headOf(port: number, session?: string): string {
  const head = ["POST /mcp HTTP/1.1", `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`, "Content-Type: application/json", "Accept: application/json, text/event-stream"];
  if (session !== undefined) head.push(`Mcp-Session-Id: ${session}`);
  return [...head, `Content-Length: ${INITIALIZE.length}`, "", ""].join("\r\n");
}

/** The status of an answer; 408 where the machine was so busy that the server disconnected the request. */
export async function statusOf(sent: Promise<Raw>): Promise<number> {
  return sent.then(
    ({ status }) => status,
    () => 408,
  );
}

/** Opens a session as soon as there is room for one, and returns its id. */
export async function opensSession(server: McpHttpServer): Promise<string> {
  let id = "";
  await expect
    .poll(async () => {
      const { status, headers } = await send(server);
      id = String(headers["mcp-session-id"]);
      return status;
    })
    .toBe(200);
  return id;
}
