/**
 * Hints on where pages of listings start: the next page by `offset` continues there instead of reading what it skips. A place
 * is used for at most 5 s after the first read that it depends on, and not after the expiry of an item before it. A write of
 * this store below the prefix drops the places; writes of other processes in that time are seen as by a cursor.
 */
import { Hints } from "../concurrency/hints.ts";
import { ancestors } from "../model/namespace.ts";
import type { WalkPlace } from "./listing.ts";
import type { Page } from "./page.ts";

/** Longest use of a place, milliseconds. */
const MAX_AGE_MS = 5_000;

/** Bounds: prefixes, listings of one prefix, and places of one listing. */
const MAX_PREFIXES = 500;
const MAX_LISTINGS = 16;
const MAX_PLACES = 16;

/** Most places of all listings of one prefix. */
const MAX_PLACES_OF_PREFIX = 64;

/** Longer places (characters of namespace and key) are not remembered. */
const MAX_PLACE_LENGTH = 400;

/** A place in a listing. */
export interface PagePosition {
  /** Matches before the place. */
  readonly offset: number;
  readonly place: WalkPlace;
  /** Until when it is used by its age, milliseconds of `performance.now()`, which a change of the clock does not move. */
  readonly usedUntil: number;
  /** First expiry of an item before it, milliseconds since the epoch; Infinity without one. */
  readonly expiresAt: number;
}

type Expiry = Pick<PagePosition, "usedUntil" | "expiresAt">;

/** The positions below one prefix, until a write below it. */
export class PrefixPositions {
  readonly #listings = new Map<string, PagePosition[]>();
  #places = 0;

  /** Returns the last position of a listing at or before an offset; null without one. */
  nearest(listing: string, offset: number): PagePosition | null {
    const [now, time] = [performance.now(), Date.now()];
    let best: PagePosition | null = null;
    for (const position of this.#listings.get(listing) ?? []) {
      const isBetter = position.offset <= offset && (best === null || position.offset > best.offset);
      if (isBetter && position.usedUntil > now && position.expiresAt > time) best = position;
    }
    return best;
  }

  /**
   * Records start and end of a page.
   *
   * @param from - the position that the page continued; null where it was read from the start
   * @param readAt - when its reading began, milliseconds of `performance.now()`
   */
  record(listing: string, page: Page, offset: number, from: PagePosition | null, readAt: number): void {
    // Skipping an undecodable value would hide it from later pages' reports.
    if (page.faults.length > 0) return;
    const usedUntil = from?.usedUntil ?? readAt + MAX_AGE_MS;
    const expiry = (expiresAt: number): Expiry => ({ usedUntil, expiresAt: Math.min(expiresAt, from?.expiresAt ?? Infinity) });
    if (offset > 0 && page.found.length > 0) this.#add(listing, offset, page.before, expiry(page.skippedExpire));
    if (page.more) this.#add(listing, offset + page.found.length, page.last, expiry(page.matchesExpire));
  }

  #add(listing: string, offset: number, place: WalkPlace | null, expiry: Expiry): void {
    if (place === null || place.namespace.length + place.key.length > MAX_PLACE_LENGTH) return;
    const before = this.#listings.get(listing) ?? [];
    const kept = before.filter((each) => each.offset !== offset).slice(1 - MAX_PLACES);
    // Without the record that the place may be, and its value.
    kept.push({ offset, place: { namespace: place.namespace, created: place.created, key: place.key }, ...expiry });
    this.#listings.delete(listing);
    this.#listings.set(listing, kept);
    this.#places += kept.length - before.length;
    for (const [oldest, places] of this.#listings) {
      if (oldest === listing || (this.#listings.size <= MAX_LISTINGS && this.#places <= MAX_PLACES_OF_PREFIX)) return;
      this.#listings.delete(oldest);
      this.#places -= places.length;
    }
  }
}

/** Positions by prefix. */
export class PagePositions {
  readonly #prefixes = new Hints<PrefixPositions>({ max: MAX_PREFIXES });

  /**
   * Returns the positions below a prefix. A search takes them before it reads and records its page in them: if a write dropped
   * them in between, what was recorded is never used.
   */
  below(prefix: string): PrefixPositions {
    const known = this.#prefixes.get(prefix);
    if (known !== undefined) return known;
    const positions = new PrefixPositions();
    this.#prefixes.record(prefix, positions);
    return positions;
  }

  /** Drops the positions that a write of an item of a namespace may move. */
  drop(namespace: string): void {
    if (this.#prefixes.isEmpty) return;
    for (const prefix of ancestors(namespace)) this.#prefixes.forget(prefix);
  }
}
