import { testsIn } from "../../model/filter-match.ts";
import type { Rankings, VectorHit } from "../../ports/vector-index.ts";
import { bytesOf, textOf, type Connection, type Reader } from "./connection.ts";
import type { GenerationTables } from "./generation-list.ts";
import { pathIn } from "./namespace-table.ts";
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

/** The live item of a point. */
interface LiveItem {
  readonly place: Buffer;
  readonly created: number;
  readonly key: Buffer;
  readonly writeId: string;
  /** Row of the item. */
  readonly item: number;
  /** The write that the item's record is of. */
  readonly recordWriteId: string;
}

/** The live items of points that were read in a search; null where a point has none. */
type KnownItems = Map<number, LiveItem | null>;

/** Searches the vectors of one generation exactly, among live and matching items. */
export class VectorSearch {
  readonly #connection: Connection;
  readonly #cache: VectorCache;
  readonly #counts: TermCounts;
  readonly #live: Reader;
  readonly #values: ValueCache;
  readonly #existing: Reader;

  /** @param tables - of the generation */
  constructor(connection: Connection, { points }: GenerationTables, cache: VectorCache, counts: TermCounts, values: ValueCache) {
    this.#connection = connection;
    this.#values = values;
    this.#cache = cache;
    this.#counts = counts;
    // CROSS JOIN keeps SQLite to the order written.
    this.#live = connection.reader(`
      SELECT p.id AS point, n.place, i.created, i.key, p.write_id, i.id AS item, i.write_id AS record_write_id FROM json_each(?) wanted CROSS JOIN ${points} p ON p.id = wanted.value
      CROSS JOIN items i ON i.namespace_id = p.namespace_id AND i.key = p.key
      CROSS JOIN namespaces n ON n.id = i.namespace_id
      WHERE i.has_value = 1 AND (i.expires_at IS NULL OR i.expires_at > ?)`);
    this.#existing = connection.reader(`SELECT p.id FROM json_each(?) wanted CROSS JOIN ${points} p ON p.id = wanted.value`);
  }

  /** The best items by a vector, and by terms. A hit names the write that its vectors and terms are of. */
  rank(request: RankRequest): Rankings {
    return this.#connection.transaction("DEFERRED", () => {
      const { vector, terms, prefix } = request;
      const scores = this.#cache.score(prefix, { vector, terms: terms === null ? null : this.#counts.query(terms) });
      const rankings = { semantic: scores.semantic.ranking(), keyword: scores.keyword.ranking() };
      const known: KnownItems = new Map();
      return {
        semantic: vector === null ? [] : this.#ranked(rankings.semantic, request, known),
        keyword: terms === null ? [] : this.#ranked(rankings.keyword, request, known),
      };
    });
  }

  #ranked(ranking: Ranking, { vector, terms, prefix, filter, limit, now }: RankRequest, known: KnownItems): VectorHit[] {
    // Texts with the same words have equal scores. Where both rankings are fused, any of these may be the last candidates, so the others are not read.
    const isFused = vector !== null && terms !== null;
    const hits: VectorHit[] = [];
    let tests = 0;
    for (let count = (filter === null ? limit : FILTERED * limit) + SPARE; hits.length < limit; count *= GROWTH) {
      const points = ranking.next(count, !isFused);
      if (points.length === 0) break;
      this.#read(points, prefix, now, known);
      for (const { score, live } of inOrder(points, known)) {
        const { place, key, writeId, item, recordWriteId } = live;
        if (filter !== null && tests < MAX_TESTS) {
          tests += Math.max(1, testsIn(filter));
          if (!mayMatch(this.#values.item(item, recordWriteId), filter)) continue;
        }
        if (hits.push({ namespace: pathIn(place), key: textOf(key), writeId, score }) === limit) break;
      }
    }
    return hits;
  }

  /** Reads the live items of points that are not known yet. */
  #read(points: readonly { point: number }[], prefix: string, now: number, known: KnownItems): void {
    const wanted = new Set<number>();
    for (const { point } of points) if (!known.has(point)) wanted.add(point);
    if (wanted.size === 0) return;
    for (const point of wanted) known.set(point, null);
    const ids = JSON.stringify([...wanted]);
    const rows = this.#live.all([ids, now]);
    for (const [point, place, created, key, writeId, item, recordWriteId] of rows) {
      known.set(Number(point), {
        place: bytesOf(place),
        created: Number(created),
        key: bytesOf(key),
        writeId: String(writeId),
        item: Number(item),
        recordWriteId: String(recordWriteId),
      });
    }
    if (rows.length < wanted.size) this.#forgetMissing(ids, wanted, prefix);
  }

  #forgetMissing(ids: string, points: ReadonlySet<number>, prefix: string): void {
    const missing = new Set(points);
    for (const [id] of this.#existing.all([ids])) missing.delete(Number(id));
    if (missing.size > 0) this.#cache.remove(prefix, missing);
  }
}

/** The live ones among ranked points, the best first; of equal scores in the order of listings. */
function inOrder(points: readonly { point: number; score: number }[], known: KnownItems): { score: number; live: LiveItem }[] {
  return points
    .flatMap(({ point, score }) => {
      const live = known.get(point);
      return live ? [{ score, live }] : [];
    })
    .sort((a, b) => b.score - a.score || compare(a.live, b.live));
}

function compare(a: LiveItem, b: LiveItem): number {
  return Buffer.compare(a.place, b.place) || a.created - b.created || Buffer.compare(a.key, b.key);
}
