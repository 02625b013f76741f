/** The MCP server over streamable HTTP. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigurationError, ConnectionError, messageOf, ValidationError } from "../model/errors.ts";
import { checkOptions, type OptionNames } from "../option-names.ts";
import { accessRules, refusalOfSource, refusalOfToken, type AccessRules } from "./http-access.ts";
import { Sessions } from "./http-sessions.ts";
import { scopeOf, type McpStoreOptions } from "./scope.ts";

/** Options of {@link serveHttp}. */
export interface HttpOptions {
  /** Bearer token that every request needs: at least 16 visible ASCII characters. Keep it out of command lines. */
  readonly token: string;
  /**
   * Address to listen on. Another than loopback requires `allowedHosts`, and TLS in front of the server.
   *
   * @default "127.0.0.1"
   */
  readonly host?: string;
  /**
   * Port to listen on; 0 chooses a free one.
   *
   * @default 3920
   */
  readonly port?: number;
  /** Host names that clients use for this server, besides those of the loopback interface. */
  readonly allowedHosts?: readonly string[];
  /**
   * Origins of web pages that may use the server. Requests of other pages are rejected.
   *
   * @default []
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Most sessions at the same time; a further client gets status 503.
   *
   * @default 100
   */
  readonly maxSessions?: number;
  /**
   * Milliseconds after which a session without requests is closed.
   *
   * @default 1800000 (30 minutes)
   */
  readonly sessionIdleMs?: number;
  /**
   * Most bytes of a request; a larger one gets status 413.
   *
   * @default 1048576 (1 MiB)
   */
  readonly maxBodyBytes?: number;
}

/** A running MCP server. */
export interface McpHttpServer {
  /** Address for clients. */
  readonly url: string;
  /** Open sessions. */
  readonly sessions: number;
  /** Closes all sessions and connections, and stops listening. */
  close(): Promise<void>;
}

const PATH = "/mcp";
const OWNER = "serveHttp()";
const DEFAULTS = { host: "127.0.0.1", port: 3_920, maxSessions: 100, sessionIdleMs: 30 * 60_000, maxBodyBytes: 1_048_576 };

/** A client that sends its request slower is disconnected. */
const REQUEST_TIMEOUT_MS = 30_000;

/** Checks of slow clients per timeout: one is disconnected after 1.1 times the timeout at the latest. */
const CHECKS_PER_TIMEOUT = 10;

const HTTP_NAMES: OptionNames<HttpOptions> = {
  token: true,
  host: true,
  port: true,
  allowedHosts: true,
  allowedOrigins: true,
  maxSessions: true,
  sessionIdleMs: true,
  maxBodyBytes: true,
};

/**
 * Serves clients over streamable HTTP at `/mcp`, each with a session of its own.
 *
 * @throws {ConfigurationError} when the token is missing or short, or another machine could reach the server under an unknown name.
 * @throws {ConnectionError} when the address cannot be listened on.
 */
export function serveHttp(options: McpStoreOptions, http: HttpOptions): Promise<McpHttpServer> {
  return serveHttpWithin(options, http, REQUEST_TIMEOUT_MS);
}

/** {@link serveHttp} with another timeout for the arrival of a request, for tests. */
export async function serveHttpWithin(options: McpStoreOptions, http: HttpOptions, requestTimeout: number): Promise<McpHttpServer> {
  checkOptions(http, OWNER, HTTP_NAMES);
  scopeOf(options);
  const { token, host = DEFAULTS.host, allowedHosts = [], allowedOrigins = [] } = http;
  const rules = accessRules({ token, host, allowedHosts, allowedOrigins });
  const sessions = new Sessions(options, {
    maxSessions: parseCount("maxSessions", http.maxSessions ?? DEFAULTS.maxSessions, 100_000),
    sessionIdleMs: parseCount("sessionIdleMs", http.sessionIdleMs ?? DEFAULTS.sessionIdleMs, 2 ** 31 - 1),
    maxBodyBytes: parseCount("maxBodyBytes", http.maxBodyBytes ?? DEFAULTS.maxBodyBytes, 2 ** 30),
  });
  const connectionsCheckingInterval = Math.ceil(requestTimeout / CHECKS_PER_TIMEOUT);
  const server = createServer({ requestTimeout, connectionsCheckingInterval }, (request, response) => {
    route(request, response, rules, sessions).catch((error: unknown) => {
      // The response may have begun; then its connection is all that can be ended.
      if (response.headersSent) response.destroy();
      else reject(response, 500, `The request failed: ${error instanceof ValidationError ? error.message : "internal error"}.`);
    });
  });
  await listen(server, http.port ?? DEFAULTS.port, host);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}${PATH}`,
    get sessions() {
      return sessions.size;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      await sessions.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function route(request: IncomingMessage, response: ServerResponse, rules: AccessRules, sessions: Sessions): Promise<void> {
  const { method = "", headers } = request;
  const source = refusalOfSource(headers, rules);
  if (source !== null) return reject(response, source.status, source.message);
  if (headers.origin !== undefined) allowOrigin(response, headers.origin);
  // A browser asks without the token whether it may send the request.
  if (method === "OPTIONS") return void response.writeHead(204).end();
  const access = refusalOfToken(headers, rules);
  if (access !== null) return reject(response, access.status, access.message, { "www-authenticate": "Bearer" });
  if ((request.url ?? "").split("?")[0] !== PATH) return reject(response, 404, `The MCP server is at ${PATH}.`);
  if (!["GET", "POST", "DELETE"].includes(method)) return reject(response, 405, "Use GET, POST or DELETE.", { allow: "GET, POST, DELETE" });
  const id = headers["mcp-session-id"];
  if (typeof id === "string") {
    if (!(await sessions.handle(id, request, response))) reject(response, 404, "There is no such session. Initialize a new one.");
    return;
  }
  if (method !== "POST") return reject(response, 400, "Mcp-Session-Id is missing.");
  if (!sessions.hasRoom) return reject(response, 503, "Too many sessions are open. Retry later.", { "retry-after": "60" });
  await sessions.open(request, response);
}

function allowOrigin(response: ServerResponse, origin: string): void {
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("vary", "origin");
  response.setHeader("access-control-allow-methods", "GET, POST, DELETE");
  response.setHeader("access-control-allow-headers", "authorization, content-type, accept, mcp-session-id, mcp-protocol-version, last-event-id");
  response.setHeader("access-control-expose-headers", "mcp-session-id");
}

/** Rejects a request without reading its body: the connection is closed after it. */
function reject(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  const body = JSON.stringify({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null });
  response.writeHead(status, { ...headers, "content-type": "application/json", connection: "close" }).end(body);
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new ConfigurationError(`port of ${OWNER} must be a whole number from 0 to 65535.`);
  await new Promise<void>((resolve, fail) => {
    server.once("error", (cause) => fail(new ConnectionError(`The MCP server cannot listen on ${host}:${port}: ${messageOf(cause)}`, { cause, retryable: false })));
    server.listen(port, host, resolve);
  });
}

function parseCount(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new ConfigurationError(`${name} of ${OWNER} must be a whole number from 1 to ${most}.`);
}
