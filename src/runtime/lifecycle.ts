/** The life of a store: started at most once at a time, changed while it runs, stopped after what is under way. */
import type { Composition } from "./compose.ts";
import { withinDeadline } from "../concurrency/deadline.ts";
import { ClosedError, messageOf } from "../model/errors.ts";

/** One composition, and what is under way on it. */
class Generation {
  readonly composition: Composition;
  /** What is under way, and how to give it up: a promise of the whole life would keep what ever waited for it in memory. */
  readonly #inFlight = new Map<Promise<unknown>, (reason: ClosedError) => void>();
  #starting: Promise<Composition> | null = null;
  #isStarting = false;
  #isStarted = false;

  constructor(composition: Composition) {
    this.composition = composition;
  }

  /** Whether it was ever asked to start. */
  get hasBegun(): boolean {
    return this.#isStarted || this.#starting !== null;
  }

  /** Connects at most once at a time, and again after a failure. */
  start(): Promise<Composition> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Runs a task on the started composition. */
  run<T>(task: (composition: Composition) => Promise<T>): Promise<T> {
    const running = this.#isStarted ? task(this.composition) : this.start().then(task);
    return new Promise((resolve, reject) => {
      this.#inFlight.set(running, reject);
      running.then(
        (answer) => {
          this.#inFlight.delete(running);
          resolve(answer);
        },
        (error: unknown) => {
          this.#inFlight.delete(running);
          reject(error);
        },
      );
    });
  }

  /**
   * Resolves when nothing is in flight, including a start, which opens what has to be closed, and what calls have left to do
   * in the background. The outcomes do not matter.
   */
  async ended(): Promise<void> {
    await Promise.allSettled([this.#starting, ...this.#inFlight.keys()]);
    await this.composition.drained();
  }

  giveUp(reason: ClosedError): void {
    for (const giveUp of this.#inFlight.values()) giveUp(reason);
  }

  async stop(): Promise<void> {
    await this.composition.stop();
    if (this.#isStarting) void this.#stopWhatStartsLate();
  }

  async #start(): Promise<Composition> {
    this.#isStarting = true;
    try {
      await this.composition.start();
      this.#isStarted = true;
      return this.composition;
    } catch (error) {
      this.#starting = null;
      throw error;
    } finally {
      this.#isStarting = false;
    }
  }

  /** A start that outlived the wait opens what nobody would close. */
  async #stopWhatStartsLate(): Promise<void> {
    const { logger } = this.composition.config;
    try {
      await this.#starting;
      await this.composition.stop();
    } catch (error) {
      logger.debug({ cause: messageOf(error) }, "a start that was under way when the store was stopped has failed");
    }
  }
}

/** Runs what the store is asked for on the composition in force. */
export class Lifecycle {
  #current: Generation;
  /** Those whose place another has taken, while something is under way on them. */
  readonly #retiring = new Set<Generation>();
  #reloading: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | null = null;

  constructor(composition: Composition) {
    this.#current = new Generation(composition);
  }

  /** What is in force, connected or not. */
  get composition(): Composition {
    return this.#current.composition;
  }

  /** Whether it was stopped, or is being stopped. */
  get isStopped(): boolean {
    return this.#stopping !== null;
  }

  /** Runs a task on the composition in force, which is started first where it is not; the task ends on it, whatever takes its place. */
  run<T>(task: (composition: Composition) => Promise<T>): Promise<T> {
    return this.isStopped ? Promise.reject(stoppedError()) : this.#current.run(task);
  }

  /**
   * Puts another composition in the place of the one in force, once it is started; from then on all tasks run on it. What
   * is under way ends where it began.
   *
   * @param renew - makes the other one; null when there is nothing to change
   * @throws what `renew` or the start throws; the one in force stays then.
   */
  reload(renew: (current: Composition) => Promise<Composition | null>): Promise<void> {
    const turn = this.#reloading.then(() => this.#reload(renew));
    this.#reloading = turn.catch(() => undefined);
    return turn;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #reload(renew: (current: Composition) => Promise<Composition | null>): Promise<void> {
    this.#refuseIfStopped();
    const old = this.#current;
    const composition = await renew(old.composition);
    if (composition === null) return;
    const next = new Generation(composition);
    try {
      // One that has not connected yet does so at its first operation, as before.
      if (old.hasBegun) await next.start();
      this.#refuseIfStopped();
    } catch (error) {
      await composition.stop();
      throw error;
    }
    composition.takeOver();
    this.#current = next;
    void this.#retire(old);
  }

  /** Never rejects. */
  async #retire(old: Generation): Promise<void> {
    this.#retiring.add(old);
    const { logger } = this.composition.config;
    try {
      await old.ended();
      await old.stop();
    } catch (error) {
      logger.warn({ cause: messageOf(error) }, "what the configuration before this one had opened could not be closed in order");
    } finally {
      this.#retiring.delete(old);
    }
  }

  async #stop(): Promise<void> {
    const { limits, logger } = this.composition.config;
    // A reload is refused as soon as it comes to the change; until then it may open what is to be closed.
    const all = (): Generation[] => [...this.#retiring, this.#current];
    const ended = Promise.allSettled([this.#reloading, ...all().map((generation) => generation.ended())]);
    try {
      await withinDeadline("Ending the operations under way", limits.drainMs, ended);
    } catch (error) {
      logger.warn({ cause: messageOf(error) }, "the store is stopped all the same");
    }
    const givenUp = "The store was stopped while the operation was under way. A write may or may not be stored.";
    for (const generation of all()) generation.giveUp(new ClosedError(givenUp));
    await Promise.all(all().map((generation) => generation.stop()));
  }

  #refuseIfStopped(): void {
    if (this.isStopped) throw stoppedError();
  }
}

function stoppedError(): ClosedError {
  return new ClosedError("The store was stopped; make a new one to go on.");
}
