/** A setting that a process uses without reading it for each call, for a bounded time. */
import { setTimeout as pause } from "node:timers/promises";
import type { Deadline } from "../concurrency/deadline.ts";
import type { Settings } from "./settings.ts";

/** Options of a leased setting. */
export interface LeasedSettingOptions<Value> {
  readonly settings: Pick<Settings, "read" | "readFromAny">;
  readonly name: string;
  /** Longest use of a value after its read began, milliseconds; equal in all processes of a store. */
  readonly leaseMs: number;
  /** Parses the stored text; null when the setting is not set. Called only when the text differs from the previous one. */
  readonly parse: (text: string | null) => Value;
  /** Receives the error of a failed refresh. The value stays in use until its lease ends. */
  readonly onFailure?: (error: unknown) => void;
}

/** A value that was read. */
interface Leased<Value> {
  readonly text: string | null;
  readonly value: Value;
  /** When the lease ends, by the monotonic clock. */
  readonly endsAt: number;
  /** The same by the wall clock: the monotonic clock may stop while the machine is suspended. */
  readonly endsAtWall: number;
}

/** A refresh starts after this share of the lease, so that a failed one can be repeated. */
const REFRESH_SHARE = 0.4;

/** Relative difference between the clock rates of two processes that {@link outlastLease} tolerates. */
const CLOCK_DRIFT = 0.05;

/**
 * A setting that is read in the background while it is in use. The value remains the same object while the stored text remains
 * the same, so callers detect a change by comparing references.
 *
 * It is refreshed from any one replica, so that the process continues while others are down. A process that changes the setting
 * and then calls {@link outlastLease}, which needs all replicas, knows that no process uses the previous value anymore, provided
 * that every process obtains the value after a piece of work again, and repeats the work if the value has changed.
 */
export class LeasedSetting<Value extends NonNullable<unknown>> {
  readonly #options: LeasedSettingOptions<Value>;
  #leased: Leased<Value> | null = null;
  #reading: Promise<Value> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isStarted = false;

  constructor(options: LeasedSettingOptions<Value>) {
    this.#options = options;
  }

  /** Returns the value while its lease lasts, without waiting; null afterwards: then use {@link current}. */
  get fresh(): Value | null {
    const leased = this.#leased;
    return leased !== null && performance.now() < leased.endsAt && Date.now() < leased.endsAtWall ? leased.value : null;
  }

  /** Reads the value and starts the refreshes, which do not keep the process alive. */
  async start(): Promise<Value> {
    this.#isStarted = true;
    return this.read();
  }

  /** Stops the refreshes. */
  stop(): void {
    this.#isStarted = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /**
   * Returns the value, which is read first if its lease has ended. Concurrent calls share one read.
   *
   * @throws the error of the read, or that of the deadline.
   */
  async current(deadline?: Deadline): Promise<Value> {
    const value = this.fresh;
    if (value !== null) return value;
    const reading = (this.#reading ??= this.#read("any"));
    return deadline === undefined ? reading : deadline.wait(`Reading the setting "${this.#options.name}"`, reading);
  }

  /** Reads the value now; it includes every change that was completed before the call. */
  async read(): Promise<Value> {
    // A read in flight may have begun before the change.
    await this.#reading?.catch(() => undefined);
    return (this.#reading ??= this.#read("quorum"));
  }

  async #read(from: "any" | "quorum"): Promise<Value> {
    const { settings, name, leaseMs, parse } = this.#options;
    const endsAt = performance.now() + leaseMs;
    const endsAtWall = Date.now() + leaseMs;
    try {
      const text = await (from === "any" ? settings.readFromAny(name) : settings.read(name));
      const value = this.#leased?.text === text ? this.#leased.value : parse(text);
      this.#leased = { text, value, endsAt, endsAtWall };
      return value;
    } finally {
      this.#reading = null;
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#isStarted) return;
    this.#timer = setTimeout(() => {
      this.#reading ??= this.#read("any");
      this.#reading.catch((error: unknown) => this.#options.onFailure?.(error));
    }, this.#options.leaseMs * REFRESH_SHARE).unref();
  }
}

/** The lease of a setting in all processes. */
export interface Lease {
  readonly settings: Pick<Settings, "readFromAll">;
  readonly name: string;
  readonly leaseMs: number;
}

/**
 * Makes the value of a setting known to all replicas, and waits until the leases of all values before it have ended, in every
 * process.
 *
 * @param signal - ends the wait early with the reason of its abort
 * @throws {UnavailableError} while a replica is down.
 */
export async function outlastLease({ settings, name, leaseMs }: Lease, signal?: AbortSignal): Promise<void> {
  await settings.readFromAll(name);
  await pause(Math.ceil(leaseMs * (1 + CLOCK_DRIFT)), undefined, signal === undefined ? {} : { signal });
}
