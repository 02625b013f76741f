/** The collection of the generation of the index that searches use. */
import type { GenerationState } from "../core/generations.ts";
import { INDEX_REMOVED, SchemaError } from "../model/errors.ts";
import type { VectorCollection } from "../sync/rebuild.ts";

/** Which generation is active, and whether it still exists. */
interface ActiveState extends GenerationState {
  readonly isRetired: boolean;
}

/** Forwards to the collection of the active generation. */
export class ActiveCollection<Collection extends VectorCollection> implements VectorCollection {
  readonly #collections: readonly Collection[];
  readonly #state: ActiveState;

  constructor(collections: readonly Collection[], state: ActiveState) {
    this.#collections = collections;
    this.#state = state;
  }

  get current(): Collection {
    return this.#collections[this.#state.active] as Collection;
  }

  get name(): string {
    return this.current.name;
  }

  get isComplete(): boolean {
    return this.current.isComplete;
  }

  get isUnavailable(): boolean {
    return this.#state.isRetired || this.current.isUnavailable;
  }

  get previousName(): string | null {
    return this.current.previousName;
  }

  async replace(): Promise<void> {
    if (this.#state.isRetired) throw new SchemaError(INDEX_REMOVED);
    await this.current.replace();
  }

  refresh(): Promise<void> {
    return this.current.refresh();
  }

  complete(): Promise<void> {
    return this.current.complete();
  }

  confirmName(): Promise<void> {
    return this.current.confirmName();
  }
}
