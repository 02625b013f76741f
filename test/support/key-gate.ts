import { once } from "node:events";
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A proxy in front of a Qdrant with an API key. It forwards requests that have the current key, with the server's key
 * instead, and answers others as Qdrant does. So the key can change between two requests, without a restart.
 */
export class KeyGate implements AsyncDisposable {
  /** The accepted key. */
  accepted: string;
  /** Number of rejected requests. */
  refused = 0;
  readonly url: string;
  readonly #server: Server;
  readonly #target: { readonly port: number; readonly apiKey: string };

  private constructor(server: Server, accepted: string, target: { readonly port: number; readonly apiKey: string }) {
    this.#server = server;
    this.accepted = accepted;
    this.#target = target;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => this.#pass(request, response));
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(accepted: string, target: { readonly port: number; readonly apiKey: string }): Promise<KeyGate> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new KeyGate(server, accepted, target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.closeAllConnections();
    this.#server.close();
    await closed;
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers["api-key"] !== this.accepted) {
      this.refused++;
      request.resume();
      response.writeHead(401, { "content-type": "text/plain" }).end("Must provide an API key or an Authorization bearer token");
      return;
    }
    const { method, url } = request;
    const headers = { ...request.headers, "api-key": this.#target.apiKey };
    const passed = ask({ host: "127.0.0.1", port: this.#target.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    request.pipe(passed);
  }
}
