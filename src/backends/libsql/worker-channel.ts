/** One run of the database thread: messages out, answers back. */
import { Worker } from "node:worker_threads";
import { messageOf } from "../../model/errors.ts";
import type { Failure } from "./errors.ts";
import type { CallMessage, CallName, Calls, ReplyMessage } from "./requests.ts";

/** An answer that says that the call failed. */
export class CallFailedError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

interface Waiting {
  readonly resolve: (reply: Calls[CallName]["reply"]) => void;
  readonly reject: (reason: Error) => void;
}

/** The file that the thread runs, next to this one: its source, or what a build made of it. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.mjs", import.meta.url);

/** A worker and the calls that wait for it. It keeps the process alive only while some do. */
export class WorkerChannel {
  // Without the flags of the process: `--input-type`, as `node -e` is given, would keep the file from being loaded.
  readonly #worker = new Worker(WORKER, { name: "langgraph-store-libsql", execArgv: [] });
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #cause: Error | null = null;
  #hasExited = false;

  /**
   * Starts the worker.
   *
   * @param onExit - called once when it has ended, with what ended it if something did
   */
  constructor(onExit: (cause: Error | null) => void) {
    this.#worker.on("message", (message: ReplyMessage) => this.#settle(message));
    this.#worker.on("error", (error: unknown) => this.#fail(error));
    this.#worker.on("messageerror", (error) => {
      this.#fail(error);
      void this.#worker.terminate();
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#hasExited = true;
        onExit(this.#cause);
        for (const { reject } of this.#waiting.values()) reject(this.#ended());
        this.#waiting.clear();
        resolve();
      });
    });
    this.#worker.unref();
  }

  /** Makes one call. Rejects with a {@link CallFailedError}, or with another error when the worker ended before it answered. */
  call<N extends CallName>(name: N, request: Calls[N]["request"]): Promise<Calls[N]["reply"]> {
    if (this.#hasExited) return Promise.reject(this.#ended());
    return new Promise((resolve, reject) => {
      const id = (this.#lastId += 1);
      const message: CallMessage<N> = { id, name, request };
      this.#worker.postMessage(message);
      this.#waiting.set(id, { resolve, reject });
      if (this.#waiting.size === 1) this.#worker.ref();
    });
  }

  /** Resolves when the worker has ended by itself. */
  async exited(): Promise<void> {
    this.#worker.ref();
    await this.#exited;
  }

  /** Ends the worker as soon as the statement that it runs has ended. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }

  #settle(message: ReplyMessage): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("failure" in message) waiting?.reject(new CallFailedError(message.failure));
    else waiting?.resolve(message.reply);
  }

  #fail(error: unknown): void {
    this.#cause = error instanceof Error ? error : new Error(messageOf(error));
  }

  #ended(): Error {
    return this.#cause ?? new Error("it was ended from outside");
  }
}
