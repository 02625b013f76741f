/** The saved progress of a change of partitions, from which any process can continue. */
import type { RebucketPhase } from "../../ports/partitions.ts";
import type { Settings } from "../../ports/settings.ts";
import type { KeyPlace } from "./key-windows.ts";

/** Progress of a phase. */
export interface RebucketPlace {
  readonly phase: RebucketPhase;
  readonly isComplete: boolean;
  /** The current namespace; null at the start. */
  readonly path: string | null;
  readonly bucket: number;
  /** Place in the bucket; null at its start. */
  readonly keys: KeyPlace | null;
  readonly namespaces: number;
  /** Records of the phase so far, and those that were written. */
  readonly records: number;
  readonly written: number;
  /** Records of all partitions; null until they are counted. */
  readonly total: number | null;
  readonly repaired: number;
  readonly unreadable: number;
}

export const START: RebucketPlace = {
  phase: "count",
  isComplete: false,
  path: null,
  bucket: 0,
  keys: null,
  namespaces: 0,
  records: 0,
  written: 0,
  total: null,
  repaired: 0,
  unreadable: 0,
};

/** Name of the setting, and its value without progress. */
const SETTING = "rebucket:place";
const NOTHING = "";

const SAVE_INTERVAL_MS = 250;

/** Saves the progress of a change. */
export class RebucketJournal {
  readonly #settings: Settings;
  #savedAt = -Infinity;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The progress of a change; the start if none is saved. */
  async read(id: string): Promise<RebucketPlace> {
    const text = await this.#settings.read(SETTING);
    if (text === null || text === NOTHING) return START;
    const saved = JSON.parse(text) as { readonly id: string; readonly place: RebucketPlace };
    return saved.id === id ? saved.place : START;
  }

  /** Saves the progress unless it was saved a moment ago: then the work since is repeated after an interruption. */
  async saveSometimes(id: string, place: RebucketPlace): Promise<void> {
    if (performance.now() - this.#savedAt >= SAVE_INTERVAL_MS) await this.save(id, place);
  }

  async save(id: string, place: RebucketPlace): Promise<void> {
    await this.#settings.replace(SETTING, JSON.stringify({ id, place }));
    this.#savedAt = performance.now();
  }

  async clear(): Promise<void> {
    await this.#settings.replace(SETTING, NOTHING);
  }
}
