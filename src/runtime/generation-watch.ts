/** Follows which generations of the index exist, and opens the vectors of those that are configured. */
import { setTimeout as pause } from "node:timers/promises";
import { checkIdentity } from "../core/model-identity.ts";
import { GENERATIONS, parseGenerations, resolveGenerations, type GenerationDescriptor, type ReadGenerations, type Resolution } from "../core/generation-record.ts";
import type { GenerationState } from "../core/generations.ts";
import { messageOf } from "../model/errors.ts";
import { LeasedSetting } from "../ports/leased-setting.ts";
import type { Logger } from "../ports/logger.ts";
import type { Settings } from "../ports/settings.ts";
import { detached } from "../telemetry/tracing.ts";

/** Longest time after which a process notices that generations have changed, milliseconds. Equal in all processes of a store. */
export const GENERATION_LEASE_MS = 5_000;

/** Pause before a generation that could not be opened is opened again, milliseconds. */
const REOPEN_MS = 1_000;

/** How the vectors of a generation are opened. */
interface GenerationOpening {
  /** Whether searches use the generation. */
  readonly isActive: boolean;
  /** Whether the store is starting. */
  readonly isStart: boolean;
}

/** A configured generation, and where its vectors are. */
export interface ConfiguredGeneration {
  readonly descriptor: GenerationDescriptor;
  /** Opens the vectors of the generation with this number; creates what is missing. */
  open(number: number, how: GenerationOpening): Promise<void>;
}

/** What the watch depends on. */
export interface GenerationWatchOptions {
  readonly settings: Settings;
  /** `index`, and `index.next` if it is set; empty for a store without an index. */
  readonly configured: readonly ConfiguredGeneration[];
  readonly logger: Logger;
}

const NONE: Resolution = { numbers: [], active: 0, other: null, hasUnknown: false };

/** The generations in their current roles. Changes by any process apply within {@link GENERATION_LEASE_MS}. */
export class GenerationWatch implements GenerationState {
  readonly #options: GenerationWatchOptions;
  readonly #descriptors: readonly GenerationDescriptor[];
  readonly #setting: LeasedSetting<ReadGenerations>;
  /** Number of each configured generation whose vectors are open. */
  readonly #open: (number | null)[];
  /** The value that was read last. */
  #latest: ReadGenerations | null = null;
  /** The value that {@link #resolution} comes from. */
  #applied: ReadGenerations | null = null;
  #resolution = NONE;
  /** The last attempt to apply a value. Never rejects. */
  #attempting: Promise<void> = Promise.resolve();
  #isRetired = false;
  #isStopped = false;

  constructor(options: GenerationWatchOptions) {
    const { settings, configured, logger } = options;
    this.#options = options;
    this.#descriptors = configured.map(({ descriptor }) => descriptor);
    this.#open = configured.map(() => null);
    this.#setting = new LeasedSetting({
      settings,
      name: GENERATIONS,
      leaseMs: GENERATION_LEASE_MS,
      parse: (text) => this.#received(parseGenerations(text)),
      onFailure: (error) => logger.debug({ cause: messageOf(error) }, "the generations of the index could not be read; intents are kept meanwhile"),
    });
  }

  /** @throws {SchemaError} when the configured index is no existing generation. */
  async start(): Promise<void> {
    const { settings } = this.#options;
    const [main] = this.#descriptors;
    if (main === undefined) return;
    const value = await this.#setting.start();
    if (value.record === null) await checkIdentity(settings, main);
    await this.#attempt(value, true);
    if (this.#applied !== value) detached(() => void this.#applyUntilDone(value));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#setting.stop();
    await this.#attempting;
  }

  get active(): number {
    return this.#resolution.active;
  }

  get other(): number | null {
    return this.#resolution.other;
  }

  get hasUnknown(): boolean {
    return this.#isRetired || this.#resolution.hasUnknown || this.#applied !== this.#latest;
  }

  get keepsIntents(): boolean {
    return this.hasUnknown || (this.#descriptors.length > 0 && this.#setting.fresh === null);
  }

  /** Whether the generation that this process searches was removed. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** Numbers of the configured generations; null if one does not exist. */
  get numbers(): readonly (number | null)[] {
    return this.#resolution.numbers;
  }

  get descriptors(): readonly GenerationDescriptor[] {
    return this.#descriptors;
  }

  /** Reads the setting now, and applies it, unless a collection cannot be opened: then this is repeated in the background. */
  async refresh(): Promise<ReadGenerations> {
    const value = await this.#setting.read();
    try {
      await this.#attempt(value, false);
    } catch (error) {
      this.#options.logger.debug({ cause: messageOf(error) }, "a generation of the index could not be opened yet");
    }
    return value;
  }

  #received(value: ReadGenerations): ReadGenerations {
    const isFirst = this.#latest === null;
    this.#latest = value;
    if (!isFirst) detached(() => void this.#applyUntilDone(value));
    return value;
  }

  async #applyUntilDone(value: ReadGenerations): Promise<void> {
    while (!this.#isStopped && this.#latest === value && this.#applied !== value) {
      try {
        await this.#attempt(value, false);
      } catch (error) {
        this.#options.logger.warn({ cause: messageOf(error) }, "a generation of the index could not be opened; this is retried, and its writes are left to other processes");
        await pause(REOPEN_MS, undefined, { ref: false });
      }
    }
  }

  /** Applies a value after the attempts before. */
  #attempt(value: ReadGenerations, isStart: boolean): Promise<void> {
    const attempt = this.#attempting.then(() => (this.#applied === value || this.#isStopped ? undefined : this.#apply(value, isStart)));
    this.#attempting = attempt.catch(() => undefined);
    return attempt;
  }

  async #apply(value: ReadGenerations, isStart: boolean): Promise<void> {
    const { configured, logger } = this.#options;
    let resolution: Resolution;
    try {
      resolution = resolveGenerations(value.record, this.#descriptors);
    } catch (error) {
      if (isStart) throw error;
      if (!this.#isRetired) logger.error({ cause: messageOf(error) }, "the generation of the index that this process searches was removed: restart it with the new index");
      this.#isRetired = true;
      this.#applied = value;
      return;
    }
    for (const [i, number] of resolution.numbers.entries()) {
      if (number === null || this.#open[i] === number) continue;
      try {
        await configured[i]?.open(number, { isActive: number === (value.record?.active.number ?? 1), isStart });
        this.#open[i] = number;
      } catch (error) {
        // A store can start with only the generation that it searches.
        if (!isStart || i === resolution.active) throw error;
        this.#resolution = { ...resolution, other: null, hasUnknown: true };
        return;
      }
    }
    if (this.#latest !== value) return;
    if (!isStart && resolution.active !== this.#resolution.active) logger.info({ generation: resolution.numbers[resolution.active] }, "searches use another generation of the index from now on");
    this.#resolution = resolution;
    this.#applied = value;
    this.#isRetired = false;
  }
}
