/** The saved position of a repair, a rebuild or a reindex, in the settings so that another process can continue. */
import type { Settings } from "../ports/settings.ts";

/** Position of a repair. */
export interface RepairPosition<Counts> {
  readonly phase: "records" | "points";
  /** Start of the next page; null at the start of the phase. */
  readonly after: string | null;
  /** Counts of the previous pages. */
  readonly counts: Counts;
  readonly hasTransientFailure: boolean;
}

/** Longest age of a position that is resumed, milliseconds; too much changes in more time. */
const LONGEST_AGE_MS = 24 * 3_600_000;

/** Value of the setting without a position. */
const NOTHING = "";

/** Saves the position of one kind of repair. */
export class RepairJournal<Counts> {
  readonly #settings: Settings;
  readonly #name: string;
  readonly #subject: string;
  #saves = 0;

  /**
   * @param name - name of the setting
   * @param subject - what the records are compared with; a position for another subject is ignored
   */
  constructor(settings: Settings, name: string, subject: string) {
    this.#settings = settings;
    this.#name = name;
    this.#subject = subject;
  }

  /** Number of positions saved by this object. */
  get saves(): number {
    return this.#saves;
  }

  /** The position of an unfinished repair; null when there is none to resume. */
  async read(now = Date.now()): Promise<RepairPosition<Counts> | null> {
    const text = await this.#settings.read(this.#name);
    if (text === null || text === NOTHING) return null;
    const saved = JSON.parse(text) as RepairPosition<Counts> & { readonly subject: string; readonly at: number };
    return saved.subject === this.#subject && now - saved.at < LONGEST_AGE_MS ? saved : null;
  }

  /** Saves a position, replacing the previous one. */
  async save(place: RepairPosition<Counts>, now = Date.now()): Promise<void> {
    await this.#settings.replace(this.#name, JSON.stringify({ ...place, subject: this.#subject, at: now }));
    this.#saves += 1;
  }

  /** Deletes the position. */
  async clear(): Promise<void> {
    await this.#settings.replace(this.#name, NOTHING);
  }
}
