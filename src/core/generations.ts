/** Generations of the index: each has a model, fields, rules and keyword settings, and vectors of its own. */
import type { Indexing } from "./indexing.ts";

/** The generations that this process can write. While there is only one, it is the active one. */
export interface Generations {
  /** Those of the configuration: of `index`, and of `index.next` if it is set, whether they exist or not. */
  readonly configured: readonly Indexing[];
  /** The generation that searches use. */
  readonly active: Indexing;
  /** Another generation that is kept in sync: the next one while it is built, or the previous one after the switch; null for none. */
  readonly other: Indexing | null;
  /** Whether there is a generation that this process cannot write. */
  readonly hasUnknown: boolean;
  /** Whether there may be such a generation: intents then stay for a process that can write it. */
  readonly keepsIntents: boolean;
}

/** Returns the generations of an index that has only one. */
export function onlyGeneration(indexing: Indexing): Generations {
  return { configured: [indexing], active: indexing, other: null, hasUnknown: false, keepsIntents: false };
}

/** Which generations exist and which of the configured ones they are; positions refer to the configured ones. */
export interface GenerationState {
  readonly active: number;
  readonly other: number | null;
  readonly hasUnknown: boolean;
  readonly keepsIntents: boolean;
}

/** The configured generations, in the roles that they currently have. */
export class ConfiguredGenerations implements Generations {
  readonly configured: readonly Indexing[];
  readonly #state: GenerationState;

  constructor(configured: readonly Indexing[], state: GenerationState) {
    this.configured = configured;
    this.#state = state;
  }

  get active(): Indexing {
    return this.configured[this.#state.active] as Indexing;
  }

  get other(): Indexing | null {
    const { other } = this.#state;
    return other === null ? null : (this.configured[other] as Indexing);
  }

  get hasUnknown(): boolean {
    return this.#state.hasUnknown;
  }

  get keepsIntents(): boolean {
    return this.#state.keepsIntents;
  }
}

/** Returns the generations to keep in sync. */
export function generationsToSync({ active, other }: Generations): readonly Indexing[] {
  return other === null ? [active] : [active, other];
}
