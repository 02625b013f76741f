import { Slots } from "../concurrency/slots.ts";
import type { ClosedError } from "../model/errors.ts";

/** A call, and the function that rejects it early. */
interface Tracked {
  readonly call: Promise<unknown>;
  readonly reject: (reason: ClosedError) => void;
}

/** The calls that are in flight on one runtime. */
export class InFlightCalls {
  /** Each call is rejected by a function of its own. A race with one long-lived promise would keep every caller in memory. */
  readonly #calls = new Slots<Tracked>();

  /** Returns the outcome of `call`, or rejects early when {@link abort} is called. */
  track<T>(call: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const slot = this.#calls.add({ call, reject });
      call.then(
        (answer) => {
          this.#calls.free(slot);
          resolve(answer);
        },
        (error: unknown) => {
          this.#calls.free(slot);
          reject(error);
        },
      );
    });
  }

  /** Resolves when the calls in flight now are completed. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#calls.all().map(({ call }) => call));
  }

  /** Rejects all calls in flight; what they do in the background continues. */
  abort(reason: ClosedError): void {
    for (const { reject } of this.#calls.all()) reject(reason);
  }
}
