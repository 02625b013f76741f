/** Requests to and replies from one worker thread. */
import type { Worker } from "node:worker_threads";
import { messageOf } from "../model/errors.ts";
import { isError } from "../model/realms.ts";
import { nextTick } from "./event-loop.ts";
import { Slots } from "./slots.ts";

/** Not imported: Turbopack would trace every file that the program of a worker could be. */
const threads = process.getBuiltinModule("node:worker_threads");

/** Types of the calls of a worker: request and reply by name. Both are cloned between threads. */
export type WorkerCalls<Calls> = { readonly [Name in keyof Calls]: { readonly request: unknown; readonly reply: unknown } };

/**
 * One call to the worker. The calls of a tick are sent as one message, an array; the worker processes them in order and sends
 * arrays of replies.
 */
export interface CallMessage<Calls extends WorkerCalls<Calls>, Name extends keyof Calls = keyof Calls> {
  readonly id: number;
  readonly name: Name;
  readonly request: Calls[Name]["request"];
}

/** A message from the worker: a reply or a failure. */
export type ReplyMessage<Calls extends WorkerCalls<Calls>, Failure> =
  | { readonly id: number; readonly reply: Calls[keyof Calls]["reply"] }
  | { readonly id: number; readonly failure: Failure };

/** A failure that the worker reported for a call. */
export class CallFailedError<Failure extends { readonly message: string }> extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Options of a worker. */
interface WorkerChannelOptions {
  /** What the worker runs: a file, or its text, CommonJS. */
  readonly program: URL | string;
  /** Name of the thread, for debuggers. */
  readonly name: string;
  /** Called once when the thread has exited, with the error that caused it, if any. */
  readonly onExit: (cause: Error | null) => void;
}

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (reason: Error) => void;
}

/** A worker and its pending calls. It keeps the process alive only while calls are pending. */
export class WorkerChannel<Calls extends WorkerCalls<Calls>, Failure extends { readonly message: string }> {
  readonly #worker: Worker;
  /** Calls without a reply; the number of a call is its slot. */
  readonly #waiting = new Slots<Waiting>();
  /** Calls of this tick that were not sent yet. */
  #unsent: CallMessage<Calls>[] = [];
  readonly #sendAll = (): void => this.#send();
  readonly #exited: Promise<void>;
  #cause: Error | null = null;
  #hasExited = false;

  /** Starts the worker. */
  constructor({ program, name, onExit }: WorkerChannelOptions) {
    // Without the flags of the process: `--input-type` of `node -e` would prevent loading the file.
    this.#worker = new threads.Worker(program, { name, execArgv: [], eval: typeof program === "string" });
    this.#worker.on("message", (replies: ReplyMessage<Calls, Failure>[]) => {
      for (const reply of replies) this.#settle(reply);
    });
    this.#worker.on("error", (error: unknown) => this.#fail(error));
    this.#worker.on("messageerror", (error) => {
      this.#fail(error);
      void this.#worker.terminate();
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#hasExited = true;
        onExit(this.#cause);
        for (const { reject } of this.#waiting.all()) reject(this.#exitError());
        resolve();
      });
    });
    this.#worker.unref();
  }

  /** Makes one call. Rejects with a {@link CallFailedError}, or with another error when the worker exited before its reply. */
  call<Name extends keyof Calls>(name: Name, request: Calls[Name]["request"]): Promise<Calls[Name]["reply"]> {
    if (this.#hasExited) return Promise.reject(this.#exitError());
    return new Promise((resolve, reject) => {
      const id = this.#waiting.add({ resolve, reject });
      if (this.#unsent.push({ id, name, request }) === 1) nextTick(this.#sendAll);
      if (this.#waiting.size === 1) this.#worker.ref();
    });
  }

  /** Ends the worker as soon as what it runs allows. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }

  #send(): void {
    const calls = this.#unsent;
    this.#unsent = [];
    try {
      this.#worker.postMessage(calls);
    } catch (error) {
      // A request that cannot be cloned.
      for (const { id } of calls) this.#take(id)?.reject(error as Error);
    }
  }

  #take(id: number): Waiting | null {
    const waiting = this.#waiting.at(id);
    this.#waiting.free(id);
    if (this.#waiting.size === 0) this.#worker.unref();
    return waiting;
  }

  #settle(message: ReplyMessage<Calls, Failure>): void {
    const waiting = this.#take(message.id);
    if ("failure" in message) waiting?.reject(new CallFailedError(message.failure));
    else waiting?.resolve(message.reply);
  }

  #fail(error: unknown): void {
    this.#cause = isError(error) ? error : new Error(messageOf(error));
  }

  #exitError(): Error {
    return this.#cause ?? new Error("the worker was terminated");
  }
}
