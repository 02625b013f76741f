/** One run of a worker thread: requests out, replies back. */
import { Worker } from "node:worker_threads";
import { messageOf } from "../model/errors.ts";

/** The calls that a worker answers: a request and a reply for each name. Both are cloned between threads. */
export type WorkerCalls<Calls> = { readonly [Name in keyof Calls]: { readonly request: unknown; readonly reply: unknown } };

/**
 * A call on its way to the worker. The calls of a tick are sent as one message, an array; the worker answers them in order, with
 * messages that are arrays of replies.
 */
export interface CallMessage<Calls extends WorkerCalls<Calls>, Name extends keyof Calls = keyof Calls> {
  readonly id: number;
  readonly name: Name;
  readonly request: Calls[Name]["request"];
}

/** Its answer on the way back: a reply, or why there is none. */
export type ReplyMessage<Calls extends WorkerCalls<Calls>, Failure> =
  | { readonly id: number; readonly reply: Calls[keyof Calls]["reply"] }
  | { readonly id: number; readonly failure: Failure };

/** The worker answered that the call failed. */
export class CallFailedError<Failure extends { readonly message: string }> extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** How a worker is started. */
interface WorkerChannelOptions {
  /** The file that it runs. */
  readonly file: URL;
  /** Name of the thread, for debuggers. */
  readonly name: string;
  /** Is called once when the thread has ended, with what ended it, if something did. */
  readonly onExit: (cause: Error | null) => void;
}

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (reason: Error) => void;
}

/** A worker and the calls that wait for it. It keeps the process alive only while there are some. */
export class WorkerChannel<Calls extends WorkerCalls<Calls>, Failure extends { readonly message: string }> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  /** Calls of this tick that were not sent yet. */
  #unsent: CallMessage<Calls>[] = [];
  readonly #sendAll = (): void => this.#send();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #cause: Error | null = null;
  #hasExited = false;

  /** Starts the worker. */
  constructor({ file, name, onExit }: WorkerChannelOptions) {
    // Without the flags of the process: `--input-type`, as `node -e` is given, would keep the file from being loaded.
    this.#worker = new Worker(file, { name, execArgv: [] });
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
        for (const { reject } of this.#waiting.values()) reject(this.#exitError());
        this.#waiting.clear();
        resolve();
      });
    });
    this.#worker.unref();
  }

  /** Makes one call. Rejects with a {@link CallFailedError}, or with another error when the worker ended before it answered. */
  call<Name extends keyof Calls>(name: Name, request: Calls[Name]["request"]): Promise<Calls[Name]["reply"]> {
    if (this.#hasExited) return Promise.reject(this.#exitError());
    return new Promise((resolve, reject) => {
      const id = (this.#lastId += 1);
      if (this.#unsent.push({ id, name, request }) === 1) process.nextTick(this.#sendAll);
      this.#waiting.set(id, { resolve, reject });
      if (this.#waiting.size === 1) this.#worker.ref();
    });
  }

  /** Resolves when the worker has ended by itself. */
  async exited(): Promise<void> {
    this.#worker.ref();
    await this.#exited;
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

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
    return waiting;
  }

  #settle(message: ReplyMessage<Calls, Failure>): void {
    const waiting = this.#take(message.id);
    if ("failure" in message) waiting?.reject(new CallFailedError(message.failure));
    else waiting?.resolve(message.reply);
  }

  #fail(error: unknown): void {
    this.#cause = error instanceof Error ? error : new Error(messageOf(error));
  }

  #exitError(): Error {
    return this.#cause ?? new Error("it was ended from outside");
  }
}
