import { testsIn } from "../../model/filter-match.ts";
import type { Rankings, VectorHit } from "../../ports/vector-index.ts";
import type { Connection } from "./connection.ts";
import type { GenerationTables } from "./generation-list.ts";
import { LiveItems, type LiveItem } from "./live-items.ts";
import type { Ranking } from "./ranking.ts";
import type { RankRequest } from "./requests.ts";
import type { TermCounts } from "./term-counts.ts";
import { mayMatch, type ValueCache } from "./value-cache.ts";
import type { VectorCache } from "./vector-cache.ts";

/** More points are read than items are requested: some are superseded, expired or deleted. */
const SPARE = 6;
/** Factor of the points to read with a filter: some do not match. */
const FILTERED = 3;
/** Growth factor of the points to read when they were not enough. */
const GROWTH = 4;
/** Tests of fields in one search; candidates beyond them are returned untested, and matched by the caller. */
const MAX_TESTS = 10_000_000;

/** Searches the vectors of one generation exactly, among live and matching items. */
export class VectorSearch {
  readonly #connection: Connection;
  readonly #cache: VectorCache;
  readonly #counts: TermCounts;
  readonly #items: LiveItems;
  readonly #values: ValueCache;

  /** @param tables - of the generation */
  constructor(connection: Connection, tables: GenerationTables, cache: VectorCache, counts: TermCounts, values: ValueCache) {
    this.#connection = connection;
    this.#items = new LiveItems(connection, tables);
    this.#values = values;
    this.#cache = cache;
    this.#counts = counts;
  }

  /** The best items by a vector, and by terms. A hit names the write that its vectors and terms are of. */
  rank(request: RankRequest): Rankings {
    return this.#connection.transaction("DEFERRED", () => {
      const { vector, terms, prefix } = request;
      const scores = this.#cache.score(prefix, { vector, terms: terms === null ? null : this.#counts.query(terms) });
      const rankings = { semantic: scores.semantic.ranking(), keyword: scores.keyword.ranking() };
      this.#items.refresh();
      return {
        semantic: vector === null ? [] : this.#ranked(rankings.semantic, request),
        keyword: terms === null ? [] : this.#ranked(rankings.keyword, request),
      };
    });
  }

  #ranked(ranking: Ranking, { vector, terms, prefix, filter, limit, now }: RankRequest): VectorHit[] {
    // Texts with the same words have equal scores. Where both rankings are fused, any of these may be the last candidates, so the others are not read.
    const isFused = vector !== null && terms !== null;
    const hits: VectorHit[] = [];
    let tests = 0;
    for (let count = (filter === null ? limit : FILTERED * limit) + SPARE; hits.length < limit; count *= GROWTH) {
      const points = ranking.next(count, !isFused);
      if (points.length === 0) break;
      const missing = this.#items.read(points);
      if (missing.size > 0) this.#cache.remove(prefix, missing);
      for (const { score, live } of this.#inOrder(points, now)) {
        const { namespace, key, writeId, item, recordWriteId } = live;
        if (filter !== null && tests < MAX_TESTS) {
          tests += Math.max(1, testsIn(filter));
          if (!mayMatch(this.#values.item(item, recordWriteId), filter)) continue;
        }
        if (hits.push({ namespace, key, writeId, score }) === limit) break;
      }
    }
    return hits;
  }

  /** The live ones among ranked points, the best first; of equal scores in the order of listings. */
  #inOrder(points: readonly { point: number; score: number }[], now: number): { score: number; live: LiveItem }[] {
    const found: { score: number; live: LiveItem }[] = [];
    for (const { point, score } of points) {
      const live = this.#items.liveAt(point, now);
      if (live !== null) found.push({ score, live });
    }
    return found.sort((a, b) => b.score - a.score || compare(a.live, b.live));
  }
}

function compare(a: LiveItem, b: LiveItem): number {
  // Most are in one namespace.
  const byNamespace = a.namespace === b.namespace ? 0 : Buffer.compare(a.place, b.place);
  return byNamespace || a.created - b.created || Buffer.compare(a.keyBytes, b.keyBytes);
}
