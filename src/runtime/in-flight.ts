import type { ClosedError } from "../model/errors.ts";

/** The calls that are in flight on one runtime. */
export class InFlightCalls {
  /** Each call with the function that rejects it early. A race with one long-lived promise would keep every caller in memory. */
  readonly #calls = new Map<Promise<unknown>, (reason: ClosedError) => void>();

  /** Returns the outcome of `call`, or rejects early when {@link abort} is called. */
  track<T>(call: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#calls.set(call, reject);
      call.then(
        (answer) => {
          this.#calls.delete(call);
          resolve(answer);
        },
        (error: unknown) => {
          this.#calls.delete(call);
          reject(error);
        },
      );
    });
  }

  /** Resolves when the calls in flight now are completed. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#calls.keys());
  }

  /** Rejects all calls in flight; what they do in the background continues. */
  abort(reason: ClosedError): void {
    for (const reject of this.#calls.values()) reject(reason);
  }
}
