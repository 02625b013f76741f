import type { Resource } from "../ports/backend.ts";

/** A resource that several runtimes use: started by the first that needs it, stopped when no reference is left. */
export class SharedResource<Shared extends Resource> {
  readonly #resource: Shared;
  #references = 0;
  #starting: Promise<void> | null = null;

  constructor(resource: Shared) {
    this.#resource = resource;
  }

  /** Returns a new reference, which keeps the resource open until the reference is stopped. */
  reference(): Reference<Shared> {
    this.#references += 1;
    let isCounted = true;
    return {
      resource: this.#resource,
      share: () => this.reference(),
      start: () => {
        this.#starting ??= this.#start();
        return this.#starting;
      },
      stop: async () => {
        if (isCounted) this.#references -= 1;
        isCounted = false;
        // Also when called again: a start that was in flight at the first call may have opened something since.
        if (this.#references === 0) await this.#resource.stop();
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

/** A counted reference to a shared resource. */
export interface Reference<Shared extends Resource> extends Resource {
  readonly resource: Shared;
  /** Returns another reference to the same resource. */
  share(): Reference<Shared>;
}
