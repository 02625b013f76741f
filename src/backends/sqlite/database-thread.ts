import type { Deadline } from "../../concurrency/deadline.ts";
import { Slots } from "../../concurrency/slots.ts";
import { CallFailedError, WorkerChannel } from "../../concurrency/worker-channel.ts";
import { ClosedError, ConnectionError, messageOf, type StoreError, UnavailableError } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import { BusyRetries } from "./busy-retries.ts";
import type { Failure } from "./errors.ts";
import type { CallName, Calls, DatabaseCalls, OpenRequest } from "./requests.ts";
import { MEMORY } from "./storage-path.ts";
import { settledWithin } from "./settled-within.ts";
import { workerProgram } from "./worker-program.ts";

/** Subject of the message of an exceeded deadline. */
export const WORKING = "Working on the database file";
/** Timeout of `stop` for calls in flight, milliseconds. */
const STOP_DEADLINE_MS = 15_000;

type DatabaseChannel = WorkerChannel<Calls, Failure>;

/**
 * A thread with a connection to the file. Calls run one after another; their number is bounded. While another process
 * holds a lock, a call is retried from here, so that the thread serves others meanwhile. When the thread has crashed, the calls in flight
 * fail, and the next call starts another.
 */
export class DatabaseThread implements DatabaseCalls {
  readonly #path: string;
  readonly #logger: Logger;
  /** Most calls that are in flight or wait. */
  maxCalls: number;
  readonly #active = new Slots<Promise<unknown>>();
  #open: OpenRequest | null = null;
  #channel: Promise<DatabaseChannel> | null = null;
  #state: "new" | "started" | "stopped" | "lost" = "new";

  /**
   * @param path - of the file, for messages
   * @param maxCalls - most calls in flight or waiting; more are rejected with an `UnavailableError`
   */
  constructor(path: string, maxCalls: number, logger: Logger) {
    this.#path = path;
    this.maxCalls = maxCalls;
    this.#logger = logger;
  }

  /** Starts the thread and opens the file. */
  async start(open: OpenRequest): Promise<void> {
    if (this.#state === "stopped") throw this.#closed();
    this.#open = open;
    this.#state = "started";
    await this.#track(this.#startedChannel(open));
  }

  async call<N extends CallName>(name: N, request: Calls[N]["request"], deadline?: Deadline): Promise<Calls[N]["reply"]> {
    if (this.#state !== "started" || this.#open === null) throw this.#closed();
    deadline?.throwIfOver(WORKING);
    if (this.#active.size >= this.maxCalls) {
      throw new UnavailableError(
        `The queue for the database file is full: ${this.#active.size} calls wait, at most ${this.maxCalls} may ` +
          "(bulkhead.maxQueued). Retry later or lower the load. Nothing of this call was done.",
        { details: { waiting: this.#active.size } },
      );
    }
    return this.#track(this.#call(this.#open, name, request, deadline));
  }

  /** Waits for calls in flight, for a bounded time, and closes the file. Later calls reject with a `ClosedError`. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    await settledWithin(STOP_DEADLINE_MS, Promise.allSettled(this.#active.all()));
    const [channel] = await Promise.allSettled([this.#channel]);
    this.#channel = null;
    // A thread that failed to start has already ended.
    if (channel.status === "rejected" || channel.value === null) return;
    // Terminated from here, as a thread cannot end itself on Deno.
    if (this.#active.size === 0) await Promise.allSettled([channel.value.call("close", null)]);
    await channel.value.terminate();
  }

  /** Closes the file as {@link stop} does, but the thread can be started again. */
  async reset(): Promise<void> {
    await this.stop();
    this.#state = "new";
  }

  async #track<T>(call: Promise<T>): Promise<T> {
    const slot = this.#active.add(call);
    try {
      return await call;
    } finally {
      this.#active.free(slot);
    }
  }

  async #call<N extends CallName>(
    open: OpenRequest,
    name: N,
    request: Calls[N]["request"],
    deadline: Deadline | undefined,
  ): Promise<Calls[N]["reply"]> {
    const channel = await this.#startedChannel(open);
    return this.#untilFree(channel, name, request, deadline);
  }

  #startedChannel(open: OpenRequest): Promise<DatabaseChannel> {
    if (this.#channel !== null) return this.#channel;
    const forget = (): void => {
      if (this.#channel === starting) this.#channel = null;
    };
    const starting = this.#startChannel(open, forget);
    this.#channel = starting;
    starting.catch(forget);
    return starting;
  }

  async #startChannel(open: OpenRequest, forget: () => void): Promise<DatabaseChannel> {
    let isOpen = false;
    const channel: DatabaseChannel = new WorkerChannel({
      program: workerProgram(),
      name: "langgraph-store-sqlite",
      onExit: (cause) => {
        forget();
        if (!isOpen || this.#state === "stopped") return;
        // Data in its memory is lost: a new, empty database would look like a store without items.
        if (open.path === MEMORY) this.#state = "lost";
        const what = open.path === MEMORY ? "its data is lost" : "the next call starts another";
        this.#logger.error({ err: cause, path: this.#path }, `the database thread ended; ${what}`);
      },
    });
    try {
      await this.#untilFree(channel, "open", open);
      isOpen = true;
      return channel;
    } catch (error) {
      await channel.terminate();
      throw error;
    }
  }

  async #untilFree<N extends CallName>(
    channel: DatabaseChannel,
    name: N,
    request: Calls[N]["request"],
    deadline?: Deadline,
  ): Promise<Calls[N]["reply"]> {
    let retries: BusyRetries | null = null;
    for (;;) {
      try {
        return await channel.call(name, request);
      } catch (error) {
        if (!(error instanceof CallFailedError)) throw this.#crashed(error);
        retries ??= new BusyRetries(this.#path);
        await retries.pause(error.failure as Failure);
      }
      deadline?.throwIfOver(WORKING);
    }
  }

  #crashed(cause: unknown): UnavailableError {
    const message = messageOf(cause);
    return new UnavailableError(
      `The thread that works on the database file ${this.#path} ended before it answered: ${message}. A write ` +
        "in progress may or may not be stored; the next call starts a new thread.",
      { cause },
    );
  }

  #closed(): StoreError {
    if (this.#state === "lost") {
      const message = "The store kept its data in the memory of a thread that ended: the data is lost. Stop the store and create another.";
      return new ConnectionError(message, { retryable: false });
    }
    const reason = this.#state === "new" ? "is not started: call start() first" : "was stopped";
    return new ClosedError(`The store on the database file ${this.#path} ${reason}.`);
  }
}
