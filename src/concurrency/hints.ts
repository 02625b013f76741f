/** Caches of observations by which later calls need fewer requests. */
import { LRUCache } from "lru-cache";
import { shortName } from "../model/short-name.ts";
import { purgedRegularly } from "./cache-expiry.ts";

/** How long a hint is used after it was recorded, milliseconds. Names of hints may contain text of users: prefixes and filters. */
export const HINT_TTL_MS = 10 * 60_000;

/** Resolution of the age, milliseconds: the clock is not read more often. */
const RESOLUTION_MS = 1_000;

/** Bounds of the hints of one kind. */
export interface HintBounds {
  /** Most names that are remembered. */
  readonly max: number;
}

/**
 * Hints of one kind, by name. An outdated or missing hint only costs requests. No hint changes a result, with one exception: see
 * `PagePositions`.
 */
export class Hints<Hint extends NonNullable<unknown>> {
  /** Whether hints are recorded and used, in the entire process. Tests set this to false: then latency does not depend on history. */
  static enabled = true;

  readonly #hints: LRUCache<string, Hint>;

  constructor({ max }: HintBounds) {
    this.#hints = purgedRegularly(new LRUCache<string, Hint>({ max, ttl: HINT_TTL_MS, ttlResolution: RESOLUTION_MS }));
  }

  /** Whether nothing is recorded. */
  get isEmpty(): boolean {
    return this.#hints.size === 0;
  }

  /** Returns what was recorded for a name; undefined when nothing was. */
  get(name: string): Hint | undefined {
    return Hints.enabled ? this.#hints.get(shortName(name)) : undefined;
  }

  record(name: string, hint: Hint): void {
    if (Hints.enabled) this.#hints.set(shortName(name), hint);
  }

  forget(name: string): void {
    this.#hints.delete(shortName(name));
  }
}
