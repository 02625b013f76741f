/** Where a repair, or the rebuild of a collection, has got to: kept beside the records, so that another process can go on. */
import type { Settings } from "../ports/settings.ts";

/** How far a repair has got. */
export interface RepairPlace<Counts> {
  readonly phase: "records" | "points";
  /** Where the next page starts; null at the start of the phase. */
  readonly after: string | null;
  /** What was found before. */
  readonly counts: Counts;
  readonly hasPassingFailure: boolean;
}

/** An older place is not gone on from: too much has changed since, milliseconds. */
const LONGEST_AGE_MS = 24 * 3_600_000;

/** A setting that holds no place. */
const NOTHING = "";

/** Keeps the place of one kind of repair. */
export class RepairJournal<Counts> {
  readonly #settings: Settings;
  readonly #name: string;
  readonly #subject: string;
  #saves = 0;

  /**
   * @param name - of the setting
   * @param subject - what the records are compared with: a place in the comparison with something else says nothing
   */
  constructor(settings: Settings, name: string, subject: string) {
    this.#settings = settings;
    this.#name = name;
    this.#subject = subject;
  }

  /** Places that were saved by this object. */
  get saves(): number {
    return this.#saves;
  }

  /** The place that an unfinished repair has got to; null where there is none to go on from. */
  async read(now = Date.now()): Promise<RepairPlace<Counts> | null> {
    const text = await this.#settings.read(this.#name);
    if (text === null || text === NOTHING) return null;
    const saved = JSON.parse(text) as RepairPlace<Counts> & { readonly subject: string; readonly at: number };
    return saved.subject === this.#subject && now - saved.at < LONGEST_AGE_MS ? saved : null;
  }

  /** Saves a place, over the one before. */
  async save(place: RepairPlace<Counts>, now = Date.now()): Promise<void> {
    await this.#settings.replace(this.#name, JSON.stringify({ ...place, subject: this.#subject, at: now }));
    this.#saves += 1;
  }

  /** Forgets the place: all is done, or there is no going on from it. */
  async clear(): Promise<void> {
    await this.#settings.replace(this.#name, NOTHING);
  }
}
