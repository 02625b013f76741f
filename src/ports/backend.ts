import type { ItemRepository } from "./item-repository.ts";
import type { Outbox } from "./outbox.ts";
import type { Settings } from "./settings.ts";
import type { VectorIndex } from "./vector-index.ts";

/** Something that holds connections or files. */
export interface Resource {
  /** Connects, and creates or checks what is stored. Called once before anything else. */
  start(): Promise<void>;

  /** Gives back what `start` took. Safe after a `start` that failed. */
  stop(): Promise<void>;
}

/** Where a store keeps its data. `start` makes the records ready first, then the vectors. */
export interface Backend extends Resource {
  readonly items: ItemRepository;
  readonly settings: Settings;
  readonly outbox: Outbox;
  /** Null when the store has no index configured. */
  readonly vectors: VectorIndex | null;
}
