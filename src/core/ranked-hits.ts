/** Hits of the index, verified against their records: the results of a ranked search. */
import { TimeSlice } from "../concurrency/time-slice.ts";
import { idText, isLive, writeText, type ItemId, type ItemRecord, type LiveRecord } from "../model/item.ts";
import { matchesFilter } from "../model/filter-match.ts";
import { isWithin } from "../model/namespace.ts";
import type { SearchRequest } from "../model/request.ts";
import { reachesScore } from "../model/score.ts";
import { StoreError } from "../model/errors.ts";
import { tryDecodeValue } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { VectorHit } from "../ports/vector-index.ts";
import type { Candidates, Verify } from "./candidates.ts";
import type { Found } from "./found.ts";
import { compareInListing } from "./listing.ts";
import { readInParts, type Reading } from "./read-budget.ts";

/** What reading hits depends on. */
export interface HitSource {
  /** Returns the best items below the prefix that may match the filter, best first, with the scores of results. */
  readonly best: Candidates["best"];
  readonly items: ItemRepository;
  readonly request: SearchRequest;
  /** Lowest score; null for none. */
  readonly minScore: number | null;
  /** Counts the bytes of verified hits. */
  readonly reading: Reading;
  /** Most hits that are read. */
  readonly maxHits: number;
  /** Called with items whose stored vectors are not those of their record. */
  readonly onStale: (ids: readonly ItemId[]) => void;
}

/** Factor by which each further query of the index asks for more hits. */
const GROWTH = 4;

/**
 * Reads hits until enough of them are verified. A hit is verified if its record is live, has the same write id, lies below the
 * prefix and matches the filter; further hits replace stale ones. Hits with equal scores are in listing order, and all of them
 * are read before any is returned, so that pages neither repeat nor miss one.
 */
export class RankedHits {
  readonly #source: HitSource;
  readonly #request: SearchRequest;
  /** By the write: two rankings, and two queries, may find different writes of one item. */
  readonly #verified = new Map<string, Pick<Found, "record" | "value"> | null>();
  /** The verified write of each item. */
  readonly #current = new Map<string, string>();
  /** Namespaces of items whose vectors are not those of their record: a write is in progress or has to be reconciled. */
  readonly #pending = new Set<string>();
  /** Hits whose values cannot be decoded, with the reason. */
  readonly #unreadable = new Map<string, StoreError>();
  #found: readonly Found[] = [];
  #exhausted = false;

  constructor(source: HitSource) {
    this.#source = source;
    this.#request = source.request;
  }

  /** Verified hits whose position is final, best first. */
  get found(): readonly Found[] {
    return this.#found;
  }

  /** Whether there is no further hit (with at least the lowest score requested). */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** Namespaces of items whose vectors are not those of their record. */
  get pending(): readonly string[] {
    return [...this.#pending];
  }

  /**
   * Returns whether the item is a verified hit, or this write of it is a hit that is no result. An item that had expired when its hit
   * was verified may be live later in the same search, by a refresh of its TTL: it has vectors, so it is no item without a score.
   */
  has(record: LiveRecord): boolean {
    return this.#current.has(idText(record)) || this.#verified.has(writeText(record));
  }

  /** Reasons why values of hits could not be decoded; one for each omitted hit. */
  get faults(): readonly StoreError[] {
    return [...this.#unreadable.values()];
  }

  /** Reads until `wanted` hits are final, there are no more, or the limit is reached. */
  async fetch(wanted: number): Promise<void> {
    const { best, maxHits, minScore } = this.#source;
    // One more than wanted: the first hit with a lower score shows that those with the score before are complete.
    for (let limit = Math.min(wanted + 1, maxHits); ; limit = Math.min(limit * GROWTH, maxHits)) {
      const hits = await best(limit, this.#check);
      await this.#verify(hits);
      const last = hits.at(-1);
      this.#exhausted = hits.length < limit || (minScore !== null && last !== undefined && !reachesScore(last.score, minScore));
      this.#settle(hits, this.#exhausted || last === undefined ? null : last.score);
      if (this.#exhausted || this.#found.length >= wanted) return;
      if (limit === maxHits) {
        // The limit is reached: the hits read so far are the result.
        this.#settle(hits, null);
        return;
      }
    }
  }

  /** Makes the verified hits with scores above `open` final; at the score `open`, further hits may be unread. */
  #settle(hits: readonly VectorHit[], open: number | null): void {
    const { order } = this.#request;
    const { minScore } = this.#source;
    this.#found = hits
      .flatMap((hit) => {
        const verified = this.#verified.get(writeText(hit)) ?? null;
        return verified === null ? [] : [{ record: verified.record, value: verified.value, score: hit.score }];
      })
      .filter(({ score }) => (open === null || score > open) && (minScore === null || reachesScore(score, minScore)))
      .sort((a, b) => b.score - a.score || compareInListing(a.record, b.record, order));
  }

  readonly #check: Verify = async (hits) => {
    await this.#verify(hits);
    return (hit) => (this.#verified.get(writeText(hit)) ?? null) !== null;
  };

  async #verify(hits: readonly VectorHit[]): Promise<void> {
    const unknown = hits.filter((hit) => !this.#verified.has(writeText(hit)));
    if (unknown.length === 0) return;
    const ids: ItemId[] = unknown.map(({ namespace, key }) => ({ namespace, key }));
    const stale: ItemId[] = [];
    let next = 0;
    for await (const records of readInParts(this.#source.items, ids)) {
      await this.#verifyPart(unknown.slice(next, next + records.length), records, stale);
      next += records.length;
    }
    if (stale.length > 0) this.#source.onStale(stale);
  }

  /** Verifies a part of the hits, and adds the ids of stale ones to `stale`. */
  async #verifyPart(hits: readonly VectorHit[], records: readonly (ItemRecord | null)[], stale: ItemId[]): Promise<void> {
    this.#source.reading.pageRead(records);
    const now = Date.now();
    const slice = new TimeSlice();
    for (const [i, hit] of hits.entries()) {
      const turn = slice.turn();
      if (turn !== null) await turn;
      const record = records[i] ?? null;
      const live = isLive(record, now) && isWithin(this.#request.prefix, hit.namespace);
      if (live && record.writeId !== hit.writeId) this.#pending.add(hit.namespace);
      const current = live && record.writeId === hit.writeId;
      if (!current) stale.push({ namespace: hit.namespace, key: hit.key });
      const decoded = current ? tryDecodeValue(record.value) : null;
      const isUnreadable = decoded instanceof StoreError;
      if (isUnreadable) this.#unreadable.set(idText(hit), decoded);
      const value = isUnreadable ? null : decoded;
      const matches = value !== null && matchesFilter(value, this.#request.filter);
      const isKept = current && matches;
      const fault = isKept ? this.#source.reading.take(record) : null;
      if (fault !== null) throw fault;
      this.#verified.set(writeText(hit), isKept ? { record, value } : null);
      if (isKept) this.#keepOne(hit);
    }
  }

  /** An item that was written between two reads is in the results once, as it was read last. */
  #keepOne(hit: VectorHit): void {
    const [id, write] = [idText(hit), writeText(hit)];
    const before = this.#current.get(id);
    if (before !== undefined && before !== write) this.#verified.set(before, null);
    this.#current.set(id, write);
  }
}
