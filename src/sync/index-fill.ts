/** Fills a new generation of the index from the records, while writers write to it as well. */
import { setTimeout as pause } from "node:timers/promises";
import { mapBounded, settleBounded } from "../concurrency/bounded.ts";
import { onlyGeneration } from "../core/generations.ts";
import { keywordWeightsOf, type Indexing } from "../core/indexing.ts";
import { reconcileItem } from "../core/reconcile-item.ts";
import { isStoreError, messageOf } from "../model/errors.ts";
import { isLive, type ItemId, type ItemRecord, type LiveRecord, type Value } from "../model/item.ts";
import { isReadable, tryDecodeValue } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import type { VectorPoint } from "../ports/vector-index.ts";
import type { RepairJournal } from "./repair-journal.ts";

/** Counts of a fill. */
export interface FillCounts {
  /** Live records that were read. */
  readonly records: number;
  /** Items that were written to the new generation; the others were already there, or have no texts. */
  readonly items: number;
  /** Texts that were embedded. */
  readonly texts: number;
  /** Items that cannot be indexed; the log has the reasons, and searches return them without a score. */
  readonly failed: number;
  /** Records that cannot be decoded. */
  readonly unreadable: number;
}

/** What a fill depends on, and its options. */
export interface FillOptions {
  readonly items: ItemRepository;
  /** The new generation. */
  readonly indexing: Indexing;
  readonly logger: Logger;
  readonly journal: RepairJournal<FillCounts>;
  /** Most texts to embed per second; null for no limit. */
  readonly textsPerSecond: number | null;
  readonly signal?: AbortSignal | undefined;
  /** Called before each page. @throws when the generation is no longer being built. */
  readonly confirm: () => Promise<void>;
  /** @param done - approximate progress, from 0 to 1 */
  readonly onProgress?: ((done: number, counts: FillCounts) => void) | undefined;
}

/** A live record with the texts to embed. */
export interface TextsOfRecord {
  readonly record: LiveRecord;
  readonly value: Value;
  readonly texts: readonly string[];
}

const RECORDS_A_PAGE = 256;
const EMBEDDED_AT_ONCE = 64;
const RECONCILED_AT_ONCE = 16;

/** Attempts for a page, and the pause after the first; it doubles with each. */
const MOST_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 500;

/** Returns the live, readable records of a page with their texts, and the number of unreadable ones. */
export function textsOfRecords({ rules }: Indexing, found: readonly ItemRecord[]): { readonly readable: TextsOfRecord[]; readonly unreadable: number } {
  const now = Date.now();
  const readable: TextsOfRecord[] = [];
  let unreadable = 0;
  for (const record of found) {
    if (!isLive(record, now)) continue;
    const value = isReadable(record.value) ? tryDecodeValue(record.value) : null;
    if (value === null || isStoreError(value)) unreadable += 1;
    else readable.push({ record, value, texts: rules.textsOf(value, record.namespace, record.index) });
  }
  return { readable, unreadable };
}

/** Fills one generation. Saves its position after each page. */
export class IndexFill {
  readonly #options: FillOptions;
  #counts = { records: 0, items: 0, texts: 0, failed: 0, unreadable: 0 };
  #pages = 0;

  constructor(options: FillOptions) {
    this.#options = options;
  }

  /** Continues at the saved position. Rejects when a page still fails after several attempts. */
  async run(): Promise<FillCounts> {
    const { journal, logger } = this.#options;
    const position = await journal.read();
    if (position === null) return this.#readFrom(null);
    this.#counts = { ...position.counts };
    if (position.phase === "points") return this.#counts;
    try {
      return await this.#readFrom(position.after);
    } catch (error) {
      if (this.#pages > 0 || !isStoreError(error) || error.retryable || position.after === null) throw error;
      logger.warn({ cause: messageOf(error) }, "the position of the reindex is no longer valid; it starts at the beginning");
      this.#counts = { records: 0, items: 0, texts: 0, failed: 0, unreadable: 0 };
      return this.#readFrom(null);
    }
  }

  async #readFrom(start: string | null): Promise<FillCounts> {
    const { items, journal, onProgress, signal, confirm } = this.#options;
    let after = start;
    do {
      signal?.throwIfAborted();
      const startedAt = performance.now();
      const before = this.#counts.texts;
      const { found, unreadable, next, done } = await items.scan(after, RECORDS_A_PAGE);
      await this.#attempt(async () => {
        await confirm();
        await this.#fillPage(found, unreadable);
      });
      this.#pages += 1;
      await journal.save({ phase: next === null ? "points" : "records", after: next, counts: this.#counts, hasTransientFailure: false });
      onProgress?.(done, { ...this.#counts });
      if (next !== null) await this.#slowDown(this.#counts.texts - before, performance.now() - startedAt);
      after = next;
    } while (after !== null);
    return { ...this.#counts };
  }

  /** Waits until as much time has passed as the rate limit requires. */
  async #slowDown(texts: number, elapsedMs: number): Promise<void> {
    const { textsPerSecond, signal } = this.#options;
    const restMs = textsPerSecond === null ? 0 : (texts / textsPerSecond) * 1_000 - elapsedMs;
    if (restMs > 0) await pause(restMs, undefined, signal === undefined ? {} : { signal });
  }

  /** Repeats a page after failures of a service; what it has written is recognized. */
  async #attempt(fill: () => Promise<void>): Promise<void> {
    const { logger, signal } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const before = { ...this.#counts };
      try {
        return await fill();
      } catch (error) {
        if (attempt === MOST_ATTEMPTS || signal?.aborted === true || (isStoreError(error) && !error.retryable)) throw error;
        this.#counts = before;
        logger.warn({ attempt, cause: messageOf(error) }, "a page of the reindex failed; it is repeated");
        await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  async #fillPage(found: readonly ItemRecord[], undecodable: number): Promise<void> {
    const { items, indexing } = this.#options;
    const { readable, unreadable } = textsOfRecords(indexing, found);
    this.#counts.records += readable.length;
    this.#counts.unreadable += unreadable + undecodable;
    const unscored = readable.filter(({ record, texts }) => texts.length === 0 && record.vectorCount > 0);
    if (unscored.length > 0) await items.markUnscored([...new Set(unscored.map(({ record }) => record.namespace))]);
    const withTexts = readable.filter(({ texts }) => texts.length > 0);
    const stored = await indexing.vectors.stored(withTexts.map(({ record }) => idOf(record)));
    const missing = withTexts.filter(({ record }, i) => stored[i]?.writeId !== record.writeId);
    if (missing.length === 0) return;
    const embedded = await settleBounded(missing, EMBEDDED_AT_ONCE, (each) => this.#toPoint(each));
    const points: VectorPoint[] = [];
    for (const [i, outcome] of embedded.entries()) {
      if (outcome.status === "fulfilled") points.push(outcome.value);
      else await this.#failed((missing[i] as TextsOfRecord).record, outcome.reason);
    }
    const outcomes = await indexing.vectors.upsert(points);
    const contested = points.filter((_, i) => outcomes[i]?.status !== "fulfilled" || outcomes[i].value === "contested");
    // An item that was written or deleted meanwhile may have a point of the record that was read.
    const after = await items.get(points.map(idOf));
    const changed = points.filter((point, i) => after[i]?.writeId !== point.writeId);
    await mapBounded([...new Set([...contested, ...changed])], RECONCILED_AT_ONCE, async (point) => {
      try {
        await reconcileItem({ items, generations: onlyGeneration(indexing) }, idOf(point));
      } catch (error) {
        await this.#failed(point, error);
      }
    });
    this.#counts.items += points.length;
  }

  async #toPoint({ record, value, texts }: TextsOfRecord): Promise<VectorPoint> {
    const { indexing } = this.#options;
    const { namespace, key, version, writeId, expiresAt } = record;
    const [vectors, termWeights] = await Promise.all([indexing.embedder.documents(texts), keywordWeightsOf(indexing, texts)]);
    this.#counts.texts += texts.length;
    return { namespace, key, version, writeId, vectors, termWeights, value, expiresAt };
  }

  /** Counts an item that cannot be indexed. A failure of a service is thrown. */
  async #failed({ namespace }: ItemId, error: unknown): Promise<void> {
    if (!isStoreError(error) || error.retryable) throw error;
    this.#counts.failed += 1;
    this.#options.logger.warn({ cause: messageOf(error) }, "an item could not be indexed");
    await this.#options.items.markUnscored([namespace]);
  }
}

function idOf({ namespace, key }: ItemId): ItemId {
  return { namespace, key };
}
