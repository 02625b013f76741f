import type { Resource } from "../ports/backend.ts";

/**
 * A resource on which one composition stands after another: started by the first of them, and stopped with the last.
 */
export class SharedResource<Shared extends Resource> {
  readonly #resource: Shared;
  #holders = 0;
  #starting: Promise<void> | null = null;

  constructor(resource: Shared) {
    this.#resource = resource;
  }

  /** A hold on it: whoever has one starts it, and stops it when nobody has one any more. */
  hold(): Hold<Shared> {
    this.#holders += 1;
    let isHeld = true;
    return {
      resource: this.#resource,
      again: () => this.hold(),
      start: () => {
        this.#starting ??= this.#start();
        return this.#starting;
      },
      stop: async () => {
        if (isHeld) this.#holders -= 1;
        isHeld = false;
        // Once more, too: a start that was under way at the first time has opened something since.
        if (this.#holders === 0) await this.#resource.stop();
      },
    };
  }

  async #start(): Promise<void> {
    try {
      await this.#resource.start();
    } catch (error) {
      this.#starting = null;
      throw error;
    }
  }
}

/** One holder's part in a shared resource. */
export interface Hold<Shared extends Resource> extends Resource {
  readonly resource: Shared;
  /** Another hold on the same. */
  again(): Hold<Shared>;
}
