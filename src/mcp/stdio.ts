/** The MCP server of one client, over standard input and output. */
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { McpStoreOptions } from "./scope.ts";
import { createMcpServer } from "./server.ts";

/** Streams of {@link serveStdio}, and the signal that ends it. */
export interface StdioOptions {
  /** @default process.stdin */
  readonly input?: Readable;
  /** Nothing else may write to it. @default process.stdout */
  readonly output?: Writable;
  /** Closes the connection. */
  readonly signal?: AbortSignal;
}

/** Serves one client; resolves when it has closed its end and all its requests are answered, or when the signal is aborted. */
export async function serveStdio(options: McpStoreOptions, { input = process.stdin, output = process.stdout, signal }: StdioOptions = {}): Promise<void> {
  const server = createMcpServer(options);
  const closed = new Promise<void>((resolve) => (server.server.onclose = resolve));
  const close = (): void => void server.close();
  const transport = new CountingTransport(input, output);
  // The SDK's transport does not detect the end of its input.
  const finish = (): void => transport.onceIdle(close);
  input.once("end", finish).once("close", finish);
  signal?.addEventListener("abort", close, { once: true });
  try {
    await server.connect(transport);
    transport.countRequests();
    if (signal?.aborted === true) close();
    await closed;
  } finally {
    signal?.removeEventListener("abort", close);
    input.off("end", finish).off("close", finish);
  }
}

/** Counts the requests that are not answered yet. */
class CountingTransport extends StdioServerTransport {
  #open = 0;
  #onIdle: (() => void) | null = null;

  /** Counts requests from now on. Called after `connect`, which sets `onmessage`. */
  countRequests(): void {
    const { onmessage } = this;
    this.onmessage = (message) => {
      if ("method" in message && "id" in message) this.#open += 1;
      onmessage?.(message);
    };
  }

  /** Calls `then` as soon as no request is open. */
  onceIdle(then: () => void): void {
    if (this.#open === 0) then();
    else this.#onIdle = then;
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    await super.send(message);
    if ("method" in message) return;
    this.#open -= 1;
    if (this.#open === 0) this.#onIdle?.();
  }
}
