import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that was received. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As JSON; as text where it is none. */
  readonly body: unknown;
  /** When it came, milliseconds since the epoch. */
  readonly at: number;
}

/** What is answered to a request. */
export type Answer = (request: ReceivedRequest, response: ServerResponse) => void;

/** An HTTP server that records requests, in place of PagerDuty, Slack and other receivers of alerts. */
export class HttpReceiver implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = [];
  /** What is answered to the next request; 200 unless set. */
  answer: Answer = (_, response) => response.end("ok");
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const received = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: parsed(Buffer.concat(chunks).toString("utf8")),
        at: Date.now(),
      };
      this.requests.push(received);
      this.answer(received, response);
    });
  });

  /** Listens on 127.0.0.1, on the port given or a free one. */
  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: "127.0.0.1", port }, () => resolve());
    });
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Base address: "http://127.0.0.1:40123". */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Bodies of the requests so far. */
  get bodies(): readonly unknown[] {
    return this.requests.map(({ body }) => body);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // After it accepts no more: a connection that stays in use would keep the server open.
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Answers with a status, and a body where there is one. */
export function status(code: number, body: unknown = "", headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => {
    response.writeHead(code, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Keep unexpected bodies unchanged.
    return text;
  }
}
