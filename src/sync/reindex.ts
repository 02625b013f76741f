/** Builds the next generation of the index beside the active one, and makes it the active one. */
import {
  GENERATIONS,
  isSameGeneration,
  resolveGenerations,
  type GenerationDescriptor,
  type GenerationRecord,
  type ReadGenerations,
  type StoredGeneration,
} from "../core/generation-record.ts";
import { onlyGeneration } from "../core/generations.ts";
import type { Indexing } from "../core/indexing.ts";
import { ConfigurationError, messageOf, QueryError, UnavailableError, ValidationError } from "../model/errors.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import { outlastLease } from "../ports/leased-setting.ts";
import type { Logger } from "../ports/logger.ts";
import type { Settings } from "../ports/settings.ts";
import { IndexFill, type FillCounts } from "./index-fill.ts";
import { estimate } from "./reindex-estimate.ts";
import type { GenerationSummary, ReindexOptions, ReindexRemoval, ReindexReport, ReindexStatus } from "./reindex-report.ts";
import { RepairJournal } from "./repair-journal.ts";
import type { RepairReport } from "./repair-report.ts";
import { Repair } from "./repair.ts";

/** Where generations are stored. */
export interface GenerationStorage {
  /** Creates the vectors of a configured generation. */
  create(position: number, number: number): Promise<void>;
  /** Called after the switch to a configured generation. */
  activated(position: number): Promise<void>;
  /** Deletes the vectors of a generation, and returns the names of its collections or tables. */
  drop(generation: StoredGeneration): Promise<readonly string[]>;
}

/** What a reindex needs of a runtime. */
export interface ReindexDependencies {
  /** Of `index`, and of `index.next` if it is set. */
  readonly descriptors: readonly GenerationDescriptor[];
  readonly storage: GenerationStorage;
  /** Time after which every process has noticed a change, milliseconds. */
  readonly leaseMs: number;
  /** Reads and applies the generations now. */
  readonly refresh: () => Promise<ReadGenerations>;
  readonly items: ItemRepository;
  readonly settings: Settings;
  readonly logger: Logger;
  /** The configured generations: of `index`, and of `index.next`, with the time budgets of maintenance. */
  readonly indexings: readonly Indexing[];
  /** Processes all intents. */
  readonly reconcile: () => Promise<unknown>;
}

/** Position of `index.next` among the configured generations. */
const NEXT = 1;

/** Changes the generations of the index. */
export class Reindex {
  readonly #dependencies: ReindexDependencies;

  constructor(dependencies: ReindexDependencies) {
    this.#dependencies = dependencies;
  }

  /** Builds the next generation, or continues to, and switches to it. */
  async start(options: ReindexOptions = {}): Promise<ReindexReport> {
    const startedAt = performance.now();
    const { textsPerSecond = null } = options;
    if (textsPerSecond !== null && !(textsPerSecond > 0)) throw new ValidationError("textsPerSecond must be a number greater than 0.");
    const { indexing, descriptor } = this.#next();
    const { record } = await this.#dependencies.refresh();
    if (options.dryRun === true) return estimate(this.#dependencies.items, indexing, options);
    if (record !== null && resolveGenerations(record, this.#dependencies.descriptors).numbers[NEXT] === record.active.number) {
      throw new ConfigurationError(
        record.previous === null
          ? `index.next is the active generation ${record.active.number} already: make it the index, and remove index.next.`
          : `index.next is the active generation ${record.active.number} already: run reindex cleanup, make it the index, and remove index.next.`,
      );
    }
    const generation = await this.#begin(descriptor);
    const counts = await this.#build(generation, indexing, options).catch(async (error: unknown) => {
      // A generation that was removed explains the failure. While that cannot be read, the failure says more.
      const isRemoved = await this.#isBuilt(generation).then((isBuilt) => !isBuilt, () => false);
      throw isRemoved ? changedMeanwhile(error) : error;
    });
    await this.#change((now) => {
      if (now.next?.number !== generation.number) throw changedMeanwhile();
      return now.next.isComplete ? null : { ...now, next: { ...now.next, isComplete: true } };
    });
    const isSwitched = options.switch !== false;
    if (isSwitched) await this.switch();
    return { ...counts, generation: generation.number, switched: isSwitched, dryRun: false, seconds: secondsSince(startedAt) };
  }

  /** Makes the complete next generation the active one, in every process within a lease. */
  async switch(): Promise<void> {
    const { storage, refresh, descriptors, logger } = this.#dependencies;
    const record = await this.#change((now) => {
      const { active, next, removed, last } = now;
      if (next === null) throw new ConfigurationError(`There is no next generation to switch to; generation ${active.number} is active. Run reindex first.`);
      if (next.isComplete !== true) throw new ConfigurationError(`Generation ${next.number} is not complete: run reindex, which continues it.`);
      return { active: next, next: null, previous: active, removed, last };
    });
    await refresh();
    const position = descriptors.findIndex((each) => isSameGeneration(record.active, each));
    try {
      if (position >= 0) await storage.activated(position);
    } catch (error) {
      logger.warn({ cause: messageOf(error) }, "the alias could not be pointed to the new collection; searches do not use it");
    }
  }

  async status(): Promise<ReindexStatus> {
    const { record } = await this.#dependencies.refresh();
    const { active, next, previous } = record ?? this.#first();
    const progress = next === null ? null : ((await this.#journal(next).read())?.counts ?? null);
    return {
      active: summaryOf(active),
      next: next === null ? null : { ...summaryOf(next), complete: next.isComplete === true, progress },
      previous: previous === null ? null : summaryOf(previous),
    };
  }

  /** Removes the next generation. Searches and writes continue with the active one. */
  async abort(): Promise<ReindexRemoval> {
    return this.#remove((now) => ({ removed: now.next, rest: { ...now, next: null } }));
  }

  /** Removes the generation that was active before the switch. */
  async cleanup(): Promise<ReindexRemoval> {
    return this.#remove((now) => ({ removed: now.previous, rest: { ...now, previous: null } }));
  }

  #next(): { readonly indexing: Indexing; readonly descriptor: GenerationDescriptor } {
    const { indexings, descriptors } = this.#dependencies;
    const [indexing, descriptor, main] = [indexings[NEXT], descriptors[NEXT], descriptors[0]];
    if (indexing === undefined || descriptor === undefined || main === undefined) {
      throw new ConfigurationError("reindex builds the index that index.next describes, which is not set. Set it in the configuration of every process, and restart or reload them.");
    }
    if (isSameGeneration(main, descriptor)) throw new ConfigurationError("index.next has the same model, dims, metric, fields, rules and keyword settings as index: there is nothing to build.");
    return { indexing, descriptor };
  }

  /** The generations before the first reindex. */
  #first(): GenerationRecord {
    const [main] = this.#dependencies.descriptors;
    if (main === undefined) throw new ConfigurationError("The store has no index.");
    return { active: { ...main, number: 1 }, next: null, previous: null, removed: null, last: 1 };
  }

  /** Registers the next generation, or finds it, and creates its vectors. */
  async #begin(descriptor: GenerationDescriptor): Promise<StoredGeneration> {
    const { storage, refresh } = this.#dependencies;
    await this.#finishRemoval();
    const { next } = await this.#change((now) => {
      if (now.next !== null) {
        if (isSameGeneration(now.next, descriptor)) return null;
        throw new ConfigurationError(
          `Generation ${now.next.number} is being built for ${JSON.stringify(summaryOf(now.next))}, which is not index.next: complete it by reindex with its configuration, or remove it by reindex abort.`,
        );
      }
      if (now.previous !== null) throw new ConfigurationError(`Generation ${now.previous.number} of the previous reindex still exists: remove it by reindex cleanup.`);
      const number = now.last + 1;
      return { ...now, next: { ...descriptor, number }, last: number };
    });
    if (next === null) throw changedMeanwhile();
    await storage.create(NEXT, next.number);
    await refresh();
    return next;
  }

  async #build(generation: StoredGeneration, indexing: Indexing, options: ReindexOptions): Promise<FillCounts> {
    const { items, logger, leaseMs, reconcile, settings } = this.#dependencies;
    const { onProgress, signal, textsPerSecond = null } = options;
    const journal = this.#journal(generation);
    if ((await journal.read()) === null) {
      onProgress?.({ phase: "wait", done: null, records: 0, texts: 0 });
      // From then on, each write is in this generation, keeps its intent, or is in the records that are read.
      await outlastLease({ settings, name: GENERATIONS, leaseMs }, signal);
    }
    const fill = new IndexFill({
      items,
      indexing,
      logger,
      journal,
      textsPerSecond,
      signal,
      confirm: async () => {
        if (!(await this.#isBuilt(generation))) throw changedMeanwhile();
      },
      onProgress: (done, { records, texts }) => onProgress?.({ phase: "fill", done, records, texts }),
    });
    const counts = await fill.run();
    await reconcile();
    const verification = new Repair(
      { items, generations: onlyGeneration(indexing) },
      logger,
      {
        resume: true,
        onProgress: ({ phase, done }) =>
          onProgress?.({ phase: "verify", done: (phase === "records" ? 0 : 0.5) + done / 2, records: counts.records, texts: counts.texts }),
        ...(signal === undefined ? {} : { signal }),
      },
      { journal: new RepairJournal<RepairReport>(settings, "reindex:verification", subjectOf(generation)), keepsNamespaces: true },
    );
    const { failed, unreadable } = await verification.run();
    if (verification.hasTransientFailure) throw new UnavailableError("Some items could not be verified; the log has the reasons. Searches use the generation before. Run reindex again to continue.");
    await reconcile();
    return { ...counts, failed, unreadable };
  }

  /** Returns whether a generation is being built; another process may have removed it, or made it the active one. */
  async #isBuilt({ number }: StoredGeneration): Promise<boolean> {
    const { record } = await this.#dependencies.refresh();
    return record?.next?.number === number;
  }

  async #remove(
    choose: (now: GenerationRecord) => { readonly removed: StoredGeneration | null; readonly rest: GenerationRecord },
  ): Promise<ReindexRemoval> {
    const pending = await this.#finishRemoval();
    const { removed } = await this.#change((now) => {
      const chosen = choose(now);
      return chosen.removed === null ? null : { ...chosen.rest, removed: chosen.removed };
    });
    return removed === null ? pending : this.#finishRemoval();
  }

  /** Deletes the vectors of a generation that is no longer used, also one whose removal was interrupted. */
  async #finishRemoval(): Promise<ReindexRemoval> {
    const { refresh, storage, settings, leaseMs } = this.#dependencies;
    const removed = (await refresh()).record?.removed ?? null;
    if (removed === null) return { generation: null, collections: [] };
    // Until then, other processes may write to it.
    await outlastLease({ settings, name: GENERATIONS, leaseMs });
    const collections = await storage.drop(removed);
    await this.#journal(removed).clear();
    await this.#change((now) => (now.removed?.number === removed.number ? { ...now, removed: null } : null));
    return { generation: removed.number, collections };
  }

  /**
   * Changes the generations atomically.
   *
   * @param change - returns the changed ones, or null to leave them
   */
  async #change(change: (now: GenerationRecord) => GenerationRecord | null): Promise<GenerationRecord> {
    const { settings, refresh } = this.#dependencies;
    const { text, record } = await refresh();
    const now = record ?? this.#first();
    const changed = change(now);
    if (changed === null) return now;
    if (!(await settings.exchange(GENERATIONS, text, JSON.stringify(changed)))) throw changedMeanwhile();
    await refresh();
    return changed;
  }

  #journal(generation: StoredGeneration): RepairJournal<FillCounts> {
    return new RepairJournal<FillCounts>(this.#dependencies.settings, "reindex:place", subjectOf(generation));
  }
}

function subjectOf({ number }: StoredGeneration): string {
  return `generation ${number}`;
}

function summaryOf({ number, model, dims, metric, fields, rules = [], keyword }: StoredGeneration): GenerationSummary {
  return { number, model, dims, metric, fields, rules, keyword };
}

function changedMeanwhile(cause?: unknown): QueryError {
  return new QueryError("Another process changed the generations of the index at the same time: look at reindex status, and run the command again.", { cause });
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 100) / 10;
}
