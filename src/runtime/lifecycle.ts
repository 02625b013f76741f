/** Runs the calls of a store on its current runtime, replaces the runtime at a reload, and stops it after its calls. */
import { withinDeadline } from "../concurrency/deadline.ts";
import { ClosedError, messageOf } from "../model/errors.ts";
import type { Runtime } from "./runtime.ts";

/** The lifecycle of a store. */
export class Lifecycle {
  #current: Runtime;
  /** Replaced runtimes that are not closed yet: their calls complete first, and their background work runs until then. */
  readonly #retiring = new Set<Runtime>();
  #reloading: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | null = null;

  constructor(runtime: Runtime) {
    this.#current = runtime;
  }

  /** The current runtime, connected or not. */
  get runtime(): Runtime {
    return this.#current;
  }

  /** Whether the store is stopped, or is being stopped. */
  get isStopped(): boolean {
    return this.#stopping !== null;
  }

  /** Runs a call on the current runtime, which connects first if it is not connected. A call in flight during a reload completes there. */
  run<T>(call: (runtime: Runtime) => Promise<T>): Promise<T> {
    return this.isStopped ? Promise.reject(stoppedError()) : this.#current.run(call);
  }

  /**
   * Replaces the current runtime by the next one, after it has connected. New calls then run on the next one; calls in flight
   * complete on the old one. Reloads run one after the other.
   *
   * @param createNext - creates the next runtime; null when nothing changed
   * @throws what `createNext` or the start throws; the current runtime then stays.
   */
  reload(createNext: (current: Runtime) => Promise<Runtime | null>): Promise<void> {
    const turn = this.#reloading.then(() => this.#reload(createNext));
    this.#reloading = turn.catch(() => undefined);
    return turn;
  }

  /** Stops the store; further calls share the first stop. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #reload(createNext: (current: Runtime) => Promise<Runtime | null>): Promise<void> {
    this.#refuseIfStopped();
    const old = this.#current;
    // A start in progress completes first, as the next connections are compared with connected ones.
    await old.startSettled();
    const next = await createNext(old);
    if (next === null) return;
    try {
      // If no operation has connected the store yet, the next operation does so.
      if (old.isStartedOrStarting) await next.start();
      this.#refuseIfStopped();
    } catch (error) {
      await this.#close(next, "the connections of a configuration that failed could not be closed cleanly");
      throw error;
    }
    next.activate();
    this.#current = next;
    void this.#retire(old);
  }

  /** Stops a replaced runtime once its calls are completed. Never rejects. */
  async #retire(old: Runtime): Promise<void> {
    this.#retiring.add(old);
    await old.drained();
    await this.#close(old, "the connections of the previous configuration could not be closed cleanly");
    this.#retiring.delete(old);
  }

  /** Closes a runtime that is not the current one. Never rejects: a failure is logged. */
  async #close(runtime: Runtime, failure: string): Promise<void> {
    try {
      await runtime.stop();
    } catch (error) {
      this.#current.config.logger.warn({ cause: messageOf(error) }, failure);
    }
  }

  async #stop(): Promise<void> {
    const { limits, logger } = this.#current.config;
    const drained = Promise.allSettled([this.#reloading, ...this.#all().map((runtime) => runtime.drained())]);
    try {
      await withinDeadline("Completing the operations and the reload in flight", limits.drainMs, drained);
    } catch (error) {
      logger.warn({ cause: messageOf(error) }, "the store stops without waiting any longer for what is in flight");
    }
    // Determined again: replaced runtimes may be closed by now. A reload that still connects rejects and closes its own runtime.
    const runtimes = this.#all();
    const reason = new ClosedError("The store was stopped while the operation was in flight. A write may or may not be stored.");
    for (const runtime of runtimes) runtime.abortCalls(reason);
    await Promise.all(runtimes.map((runtime) => runtime.stop()));
  }

  #all(): Runtime[] {
    return [...this.#retiring, this.#current];
  }

  #refuseIfStopped(): void {
    if (this.isStopped) throw stoppedError();
  }
}

function stoppedError(): ClosedError {
  return new ClosedError("The store was stopped; create a new one to continue.");
}
