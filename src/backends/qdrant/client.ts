/**
 * Sends requests to Qdrant through `undici`. A call takes 0.8 ms, instead of 2.9 ms through Qdrant's own client (measured on one
 * machine), and that client does not support client certificates.
 */
import { EventEmitter } from "node:events";
// Not "undici", which Bun replaces by a stub without connection pool.
import { Pool, type Dispatcher } from "undici/index.js";
import type { ConnectionOptions } from "node:tls";
import type { Deadline } from "../../concurrency/deadline.ts";
import { QueryError, UnavailableError, type StoreError } from "../../model/errors.ts";
import { VERIFIED_TLS } from "../../model/verified-tls.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Tls } from "../../ports/tls.ts";
import { fromStatus, isClosedSocket, translate } from "./errors.ts";
import { whyClosed } from "./handshake.ts";
import { toEndpoint, type QdrantOptions } from "./options.ts";
import { RequestHeaders, type SentHeaders } from "./request-headers.ts";
import type { RequestBodies } from "./schema.ts";

/** The object in which Qdrant wraps every result. */
interface Envelope {
  readonly result?: unknown;
  readonly status?: "ok" | { readonly error?: string };
}

/** Access to the points of a collection during one call. */
export interface PointsOfCall {
  readonly client: QdrantClient;
  /** URL path of the points. */
  readonly path: string;
  readonly deadline: Deadline | undefined;
}

/** A connection pool to one Qdrant. */
export class QdrantClient {
  readonly #options: QdrantOptions;
  readonly #logger: Logger;
  #pool: Pool | null = null;
  /** Options of encrypted connections. */
  #connect: ConnectionOptions = VERIFIED_TLS;
  /** Until Qdrant has answered once, a failure may be caused by a wrong address or TLS option. */
  #hasAnswered = false;
  readonly #prefix: string;
  readonly #headers: RequestHeaders;
  readonly #timeoutMs: number;

  constructor(options: QdrantOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#prefix = toEndpoint(options.url).prefix;
    this.#timeoutMs = options.requestTimeoutMs;
    this.#headers = new RequestHeaders(options.headers ?? {}, options.apiKey);
  }

  /** Creates the connection pool with the current certificates; open connections are closed. */
  async open(): Promise<void> {
    const { url, maxConnections: connections, tls } = this.#options;
    const connect = tls === undefined ? VERIFIED_TLS : await connectOptions(tls, this.#logger);
    await this.close();
    this.#connect = connect;
    this.#hasAnswered = false;
    this.#pool = new Pool(toEndpoint(url).origin, { connections, connect });
  }

  /**
   * Sends one request and returns its result, unchecked.
   *
   * @typeParam Kind - the kind of request, for the type of its body; a request without a body has none
   * @param action - what the request does, for error messages: "write points", …
   * @param deadline - aborts the request once exceeded
   * @throws {StoreError} when no response arrives in time, or the response is not a success.
   */
  async request<Kind extends keyof RequestBodies = never>(
    method: Method,
    path: string,
    body: RequestBodies[Kind] | undefined,
    action: string,
    deadline?: Deadline,
  ): Promise<unknown> {
    return ((await this.#send(method, path, body, action, deadline)) as Envelope).result;
  }

  /** Sends a GET request whose response has no envelope. */
  async read(path: string, action: string): Promise<unknown> {
    return this.#send("GET", path, undefined, action, undefined);
  }

  /** Closes the connections after the requests in flight. */
  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.close();
  }

  get #server(): string {
    const { host, port } = toEndpoint(this.#options.url);
    return `${host}:${port}`;
  }

  async #whyUnanswered(error: unknown, action: string): Promise<StoreError | null> {
    if (this.#hasAnswered || !isClosedSocket(error)) return null;
    return whyClosed(toEndpoint(this.#options.url), this.#connect, asking(action));
  }

  /** Sends a request, and once more if the API key was rotated. */
  async #send(method: Method, path: string, body: unknown, action: string, deadline: Deadline | undefined): Promise<unknown> {
    deadline?.throwIfOver(asking(action));
    const text = body === undefined ? null : JSON.stringify(body);
    if (text !== null) checkSize(text, action);
    const sent = this.#headers.current();
    try {
      let answer = await this.#ask(method, path, text, sent, deadline);
      // The key may have been rotated. The request was refused, so it can be sent again.
      if ((answer.status === 401 || answer.status === 403) && (await this.#headers.refused(sent))) {
        answer = await this.#ask(method, path, text, this.#headers.current(), deadline);
      }
      if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.text);
      throw fromStatus(answer.status, reasonIn(answer.text), action, this.#headers.isChanging);
    } catch (error) {
      if (deadline?.isOver) throw deadline.over(asking(action));
      throw (await this.#whyUnanswered(error, action)) ?? translate(error, action, this.#server);
    }
  }

  /**
   * Makes one attempt, and another if the connection was closed: Qdrant closes idle connections, possibly just as a request is sent on
   * one. All requests are idempotent.
   */
  async #ask(method: Method, path: string, body: string | null, headers: SentHeaders, deadline: Deadline | undefined): Promise<Answer> {
    try {
      return await this.#attempt(method, path, body, headers, deadline);
    } catch (error) {
      if (!this.#hasAnswered || !isClosedSocket(error)) throw error;
      deadline?.throwIfOver("Repeating a request to Qdrant");
      return this.#attempt(method, path, body, headers, deadline);
    }
  }

  /** Makes one attempt, which the deadline aborts. */
  async #attempt(method: Method, path: string, body: string | null, { headers }: SentHeaders, deadline: Deadline | undefined): Promise<Answer> {
    if (this.#pool === null) throw new UnavailableError("The connection to Qdrant is not started.");
    if (deadline === undefined) return this.#exchange(this.#pool, { method, path, headers, body });
    // undici also accepts an emitter; creating an AbortSignal costs more than sending the request.
    const signal = new EventEmitter();
    const abort = (): void => void signal.emit("abort");
    deadline.onOver(abort);
    try {
      return await this.#exchange(this.#pool, { method, path, headers, body, signal });
    } finally {
      deadline.offOver(abort);
    }
  }

  async #exchange(pool: Pool, { path, ...request }: Dispatcher.RequestOptions): Promise<Answer> {
    const response = await pool.request({
      ...request,
      path: this.#prefix + path,
      // The limit of requests without a deadline.
      headersTimeout: this.#timeoutMs,
      bodyTimeout: this.#timeoutMs,
    });
    const text = await response.body.text();
    this.#hasAnswered = true;
    return { status: response.statusCode, text };
  }
}

function asking(action: string): string {
  return `Asking Qdrant to ${action}`;
}

/** Qdrant closes the connection when a body is longer, which would look like an outage. */
const LONGEST_BODY = 32 * 1024 * 1024;

/** Refuses a body that is too long before it is sent: the failure must not count as one of the server. */
function checkSize(text: string, action: string): void {
  if (text.length * 3 <= LONGEST_BODY || Buffer.byteLength(text) <= LONGEST_BODY) return;
  throw new QueryError(`A request to Qdrant to ${action} has ${Buffer.byteLength(text)} bytes; Qdrant accepts at most ${LONGEST_BODY}.`, {
    details: { bytes: Buffer.byteLength(text), allowed: LONGEST_BODY },
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

async function connectOptions(tls: Tls, logger: Logger): Promise<ConnectionOptions> {
  const { verify, serverName, ...settings } = await tls.read();
  const option = "qdrant.tls.verify";
  if (!verify) {
    logger.warn({ option }, `${option} is false: an attacker in the network can impersonate the server and read the API key and all data`);
  }
  return { ...settings, rejectUnauthorized: verify, ...(serverName === undefined ? {} : { servername: serverName }) };
}

function reasonIn(text: string): string {
  try {
    const { status } = JSON.parse(text) as Envelope;
    return (typeof status === "object" ? status.error : undefined) ?? text.slice(0, 200);
  } catch {
    // A proxy in front of Qdrant may answer in another format.
    return text.slice(0, 200);
  }
}
