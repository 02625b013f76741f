/** Sessions of the MCP server over HTTP: bounded in number and idle time. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { McpStoreOptions } from "./scope.ts";
import { createMcpServer } from "./server.ts";

/** Bounds of sessions. */
export interface SessionLimits {
  readonly maxSessions: number;
  readonly sessionIdleMs: number;
  readonly maxBodyBytes: number;
}

interface Session {
  readonly transport: StreamableHTTPServerTransport;
  /** Requests that are not answered yet, without streams of notifications. */
  requests: number;
  /** Closes the session when it was idle for too long. */
  idleTimer: NodeJS.Timeout;
}

/** The sessions of one server. */
export class Sessions {
  readonly #options: McpStoreOptions;
  readonly #limits: SessionLimits;
  readonly #sessions = new Map<string, Session>();
  /** Requests that may become sessions. */
  #opening = 0;

  constructor(options: McpStoreOptions, limits: SessionLimits) {
    this.#options = options;
    this.#limits = limits;
  }

  /** Open sessions. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Whether another session can be opened. */
  get hasRoom(): boolean {
    return this.#sessions.size + this.#opening < this.#limits.maxSessions;
  }

  /** Handles a request of an open session; false when there is no such session. */
  async handle(id: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const session = this.#sessions.get(id);
    if (session === undefined) return false;
    // A stream of notifications stays open; only its beginning counts as activity.
    if (request.method === "GET") session.idleTimer.refresh();
    else this.#keepUntilAnswered(session, response);
    await session.transport.handleRequest(request, response);
    return true;
  }

  /** Handles a request without a session: the first of a client opens one, any other is rejected by the SDK. */
  async open(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#opening += 1;
    const server = createMcpServer(this.#options);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: this.#limits.maxBodyBytes,
      onsessioninitialized: (id) => {
        this.#sessions.set(id, { transport, requests: 0, idleTimer: this.#closeWhenIdle(transport) });
      },
    });
    server.server.onclose = () => {
      const { sessionId } = transport;
      if (sessionId === undefined) return;
      clearTimeout(this.#sessions.get(sessionId)?.idleTimer);
      this.#sessions.delete(sessionId);
    };
    try {
      await server.connect(transport);
      await transport.handleRequest(request, response);
    } finally {
      this.#opening -= 1;
    }
  }

  #keepUntilAnswered(session: Session, response: ServerResponse): void {
    const { transport } = session;
    session.requests += 1;
    clearTimeout(session.idleTimer);
    response.once("close", () => {
      session.requests -= 1;
      if (session.requests === 0 && this.#sessions.has(transport.sessionId ?? "")) session.idleTimer = this.#closeWhenIdle(transport);
    });
  }

  #closeWhenIdle(transport: StreamableHTTPServerTransport): NodeJS.Timeout {
    return setTimeout(() => void transport.close(), this.#limits.sessionIdleMs).unref();
  }

  /** Closes all sessions and their streams. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ transport }) => transport.close()));
  }
}
