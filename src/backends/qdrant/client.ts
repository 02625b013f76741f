/**
 * Requests to Qdrant, by `undici`: one such call took 0.8 ms, and 2.9 ms through Qdrant's own client, on one machine;
 * and that client takes no certificates.
 */
import { EventEmitter } from "node:events";
import { Pool, type Dispatcher } from "undici";
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

/** What Qdrant wraps every answer in. */
interface Envelope {
  readonly result?: unknown;
  readonly status?: "ok" | { readonly error?: string };
}

/** The points of a collection, for one call. */
export interface PointsOfCall {
  readonly client: QdrantClient;
  /** Path of the points, as requests have it. */
  readonly path: string;
  readonly deadline: Deadline | undefined;
}

/** A connection pool to one Qdrant. */
export class QdrantClient {
  readonly #options: QdrantOptions;
  readonly #logger: Logger;
  #pool: Pool | null = null;
  /** What encrypted connections are made with. */
  #connect: ConnectionOptions = VERIFIED_TLS;
  /** Until then, what is wrong may be how it is asked. */
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

  /** Makes ready to connect, with the certificates of now; connections that were open are closed. */
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

  /** Reads what stands outside of Qdrant's envelope. */
  async read(path: string, action: string): Promise<unknown> {
    return this.#send("GET", path, undefined, action, undefined);
  }

  /** Closes the connections, after the answers under way. */
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

  async #send(method: Method, path: string, body: unknown, action: string, deadline: Deadline | undefined): Promise<unknown> {
    deadline?.throwIfOver(asking(action));
    const text = body === undefined ? null : JSON.stringify(body);
    if (text !== null) checkSize(text, action);
    const sent = this.#headers.current();
    try {
      let answer = await this.#ask(method, path, text, sent, deadline);
      // A key that was rotated meanwhile: the request has had no effect yet.
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

  async #ask(method: Method, path: string, body: string | null, { headers }: SentHeaders, deadline: Deadline | undefined): Promise<Answer> {
    if (this.#pool === null) throw new UnavailableError("The connection to Qdrant is not started.");
    if (deadline === undefined) return this.#exchange(this.#pool, { method, path, headers, body });
    // An emitter, which undici takes too: a signal costs more than the rest of sending.
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
      // For requests without a deadline.
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

/** Qdrant closes the connection on a longer body, which would look like an outage. */
const LONGEST_BODY = 32 * 1024 * 1024;

/** What is too big for Qdrant is the fault of this side, and says nothing about the server: it is not sent. */
function checkSize(text: string, action: string): void {
  if (text.length * 3 <= LONGEST_BODY || Buffer.byteLength(text) <= LONGEST_BODY) return;
  throw new QueryError(`A request to Qdrant to ${action} has ${Buffer.byteLength(text)} bytes; Qdrant takes ${LONGEST_BODY}.`, {
    details: { bytes: Buffer.byteLength(text), allowed: LONGEST_BODY },
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

type Method = "GET" | "POST" | "PUT";

async function connectOptions(tls: Tls, logger: Logger): Promise<ConnectionOptions> {
  const { verify, serverName, ...settings } = await tls.read();
  const option = "qdrant.tls.verify";
  if (!verify) {
    logger.warn({ option }, `${option} is false: anybody on the way may pose as the server and read the API key and all data`);
  }
  return { ...settings, rejectUnauthorized: verify, ...(serverName === undefined ? {} : { servername: serverName }) };
}

function reasonIn(text: string): string {
  try {
    const { status } = JSON.parse(text) as Envelope;
    return (typeof status === "object" ? status.error : undefined) ?? text.slice(0, 200);
  } catch {
    // A proxy in front of Qdrant answers in its own words.
    return text.slice(0, 200);
  }
}
