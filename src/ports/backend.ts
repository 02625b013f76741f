import type { ItemRepository } from "./item-repository.ts";
import type { Outbox } from "./outbox.ts";
import type { Settings } from "./settings.ts";
import type { VectorIndex } from "./vector-index.ts";

/** A holder of connections or files. */
export interface Resource {
  /** Connects, and creates or verifies the stored schema. Called once before any other method. */
  start(): Promise<void>;

  /** Releases all resources. Safe after a failed `start`. */
  stop(): Promise<void>;
}

/** The storage of a store. `start` prepares the records first, then the vectors. */
export interface Backend extends Resource {
  readonly items: ItemRepository;
  readonly settings: Settings;
  readonly outbox: Outbox;
  /** Null when the store has no index configured. */
  readonly vectors: VectorIndex | null;
}
