import { FILE_VECTORS_MS, purgedRegularly } from "../../concurrency/cache-expiry.ts";
import { ancestors, ROOT } from "../../model/namespace-path.ts";
import { placesWithin } from "../../model/namespace-place.ts";
import { bytesOf, type Column, type Connection, type Reader } from "./connection.ts";
import type { CacheEntry, CacheSpace } from "./cache-space.ts";
import type { GenerationTables } from "./generation-list.ts";
import { inRange, pathIn, rangeParameters } from "./namespace-table.ts";
import { PackedPoints, Scores, type PointQuery } from "./packed-points.ts";
import type { VectorShape } from "../../model/distance-metric.ts";
import { isBytes } from "../../model/realms.ts";

/** Up to this number of points in the file, reading them all is faster than reading the namespaces below a prefix. */
const FEW_POINTS = 1_000;
/** Below a prefix of more namespaces the vectors are not cached. */
const MAX_NAMESPACES = 50_000;
/** Namespaces that are remembered for prefixes, in total. */
const MAX_SELECTED = 200_000;
/** After more new points than this, the cache is cleared. */
const MAX_NEWER = 20_000;
/** A cached namespace is read again when it has more than twice its vectors and this number: most are of superseded points then. */
const MAX_EXTRA = 256;

/** A namespace that has, or had, points. */
interface Namespace extends CacheEntry {
  readonly id: number;
  /** Null when they are not cached. */
  points: PackedPoints | null;
  /** Number of vectors beyond which it is read again. */
  maxVectors: number;
  /** Number of the last search that used it. */
  lastUse: number;
  /** Prefixes in whose {@link VectorCache.#selections} it is. */
  readonly selectedBy: Set<string>;
  /** All prefixes that it is below; null before they are needed. */
  ancestors: readonly string[] | null;
}

/**
 * The vectors and terms of searched namespaces in one generation of the index, packed in memory. A search first adds what was written since the last one, by this
 * process or another: see {@link VectorTable}. Vectors of deleted and superseded points stay until a search finds them:
 * {@link VectorSearch} verifies each hit. All calls belong into a read transaction.
 */
export class VectorCache {
  readonly #space: CacheSpace;
  readonly #namespaces = new Map<number, Namespace>();
  /** Namespaces at or below prefixes. */
  readonly #selections = new Map<string, Namespace[]>();
  #selected = 0;
  /** When the first of the cached vectors was read, milliseconds of `performance.now()`. */
  #filledAt = 0;
  /** Greatest id of a point that has been seen. */
  #lastPoint = -1;
  readonly #scores = new Scores();
  readonly #shape: VectorShape;
  readonly #greatestPoint: Reader;
  readonly #newer: Reader;
  readonly #place: Reader;
  readonly #pointsOf: Reader;
  readonly #pointsWithin: Reader;
  readonly #countPoints: Reader;
  readonly #selecting: Readonly<Record<"byPoints" | "byNamespaces", Reader>>;

  /**
   * @param tables - of the generation
   * @param space - shared with the caches of other generations
   */
  constructor(connection: Connection, shape: VectorShape, { points }: GenerationTables, space: CacheSpace) {
    this.#shape = shape;
    this.#space = space;
    space.share(this);
    purgedRegularly(this);
    this.#greatestPoint = connection.reader(`SELECT coalesce(max(id), 0) FROM ${points}`);
    this.#newer = connection.reader(`SELECT id, vectors, terms, namespace_id FROM ${points} WHERE id > ? ORDER BY id`);
    this.#place = connection.reader("SELECT place FROM namespaces WHERE id = ?");
    this.#pointsOf = connection.reader(`SELECT id, vectors, terms FROM ${points} WHERE namespace_id = ?`);
    this.#pointsWithin = connection.reader(`
      SELECT p.id, p.vectors, p.terms FROM namespaces n CROSS JOIN ${points} p ON p.namespace_id = n.id WHERE ${inRange("n")}`);
    this.#countPoints = connection.reader(`SELECT count(*) FROM (SELECT 1 FROM ${points} LIMIT ?)`);
    this.#selecting = {
      byPoints: connection.reader(`
        SELECT DISTINCT n.id FROM ${points} p CROSS JOIN namespaces n ON n.id = p.namespace_id WHERE ${inRange("n")} LIMIT ?`),
      byNamespaces: connection.reader(`
        SELECT n.id FROM namespaces n
        WHERE ${inRange("n")} AND EXISTS (SELECT 1 FROM ${points} p WHERE p.namespace_id = n.id) LIMIT ?`),
    };
  }

  /** Scores all points at or below a prefix: by the similarity of their vectors, and by terms. Valid until the next call. */
  score(prefix: string, query: PointQuery): Scores {
    this.#space.search += 1;
    this.#addNewer();
    this.#scores.clear();
    const namespaces = this.#selection(prefix);
    if (namespaces === null) this.#scoreUncached(prefix, query);
    else for (const namespace of namespaces) this.#score(namespace, query);
    return this.#scores;
  }

  /** Removes points that no longer exist. */
  remove(prefix: string, points: ReadonlySet<number>): void {
    for (const { points: packed } of this.#selections.get(prefix) ?? []) {
      this.#space.bytes -= packed?.bytes ?? 0;
      packed?.remove(points);
      this.#space.bytes += packed?.bytes ?? 0;
    }
  }

  /** The cached namespaces. */
  entries(): Iterable<CacheEntry> {
    return this.#namespaces.values();
  }

  /** Drops everything that is cached once it is {@link FILE_VECTORS_MS} old: a namespace that is not searched any more may hold deleted vectors. */
  purgeStale(): void {
    if (this.#selections.size > 0 && performance.now() - this.#filledAt >= FILE_VECTORS_MS) this.#clear();
  }

  #addNewer(): void {
    const greatest = Number(this.#greatestPoint.first([])?.[0]);
    const isTooMuch = greatest - this.#lastPoint > MAX_NEWER;
    if (isTooMuch) this.#clear();
    // Also without cached namespaces: a prefix that was empty when it was searched may have its first one now.
    if (!isTooMuch && greatest > this.#lastPoint && this.#selections.size > 0) {
      for (const row of this.#newer.each([this.#lastPoint])) this.#addPoint(Number(row[3]), row);
    }
    this.#lastPoint = Math.max(this.#lastPoint, greatest);
  }

  #addPoint(namespaceId: number, row: readonly Column[]): void {
    const namespace = this.#namespaces.get(namespaceId);
    if (namespace === undefined) {
      this.#addNamespace(namespaceId);
      return;
    }
    // A namespace that had no points for a while is missing in selections that were made meanwhile.
    namespace.ancestors ??= this.#ancestorsOf(namespaceId);
    for (const prefix of namespace.ancestors) this.#select(prefix, namespace);
    const { points } = namespace;
    if (points === null) return;
    this.#space.bytes -= points.bytes;
    addRow(points, row);
    this.#space.bytes += points.bytes;
    if (points.count > namespace.maxVectors || !this.#space.hasRoom()) this.#space.drop(namespace);
  }

  /** Adds a namespace with its first point to the selections of the prefixes that it is below. */
  #addNamespace(id: number): void {
    for (const prefix of this.#ancestorsOf(id)) if (this.#selections.has(prefix)) this.#select(prefix, this.#namespace(id));
  }

  #ancestorsOf(id: number): readonly string[] {
    return [...ancestors(pathIn(this.#place.first([id])?.[0]))];
  }

  /** Adds a namespace to the selection of a prefix, if there is one without it. */
  #select(prefix: string, namespace: Namespace): void {
    const namespaces = this.#selections.get(prefix);
    if (namespaces === undefined || namespace.selectedBy.has(prefix)) return;
    namespaces.push(namespace);
    namespace.selectedBy.add(prefix);
    this.#selected += 1;
  }

  /** The namespaces with points at or below a prefix; null when they are too many to be remembered. */
  #selection(prefix: string): readonly Namespace[] | null {
    const known = this.#selections.get(prefix);
    if (known !== undefined) return known;
    const hasFewPoints = Number(this.#countPoints.first([FEW_POINTS + 1])?.[0]) <= FEW_POINTS;
    const select = this.#selecting[hasFewPoints ? "byPoints" : "byNamespaces"];
    const ids = select.all([...rangeParameters(placesWithin(prefix, null)), MAX_NAMESPACES + 1]);
    if (ids.length > MAX_NAMESPACES) return null;
    if (this.#selected + ids.length > MAX_SELECTED) this.#clear();
    const namespaces = ids.map(([id]) => this.#namespace(Number(id)));
    for (const { selectedBy } of namespaces) selectedBy.add(prefix);
    if (this.#selections.size === 0) this.#filledAt = performance.now();
    this.#selections.set(prefix, namespaces);
    // A prefix without namespaces counts as well.
    this.#selected += namespaces.length + 1;
    return namespaces;
  }

  #namespace(id: number): Namespace {
    const known = this.#namespaces.get(id);
    if (known !== undefined) return known;
    const namespace: Namespace = { id, points: null, maxVectors: 0, lastUse: 0, selectedBy: new Set(), ancestors: null };
    this.#namespaces.set(id, namespace);
    return namespace;
  }

  #score(namespace: Namespace, query: PointQuery): void {
    namespace.lastUse = this.#space.search;
    if (namespace.points === null) this.#load(namespace, query);
    else namespace.points.score(query, this.#scores);
  }

  /** Reads and scores the points of a namespace, and caches them if they fit. */
  #load(namespace: Namespace, query: PointQuery): void {
    const points = new PackedPoints(this.#shape);
    let isKept = true;
    for (const row of this.#pointsOf.each([namespace.id])) {
      addRow(points, row);
      isKept &&= this.#space.hasRoom(points.bytes);
      if (!isKept && points.isLarge) this.#scoreAndClear(points, query);
    }
    points.score(query, this.#scores);
    if (!isKept) return;
    namespace.points = points;
    namespace.maxVectors = 2 * points.count + MAX_EXTRA;
    this.#space.bytes += points.bytes;
  }

  #scoreUncached(prefix: string, query: PointQuery): void {
    const points = new PackedPoints(this.#shape);
    const rows =
      prefix === ROOT ? this.#newer.each([-1]) : this.#pointsWithin.each(rangeParameters(placesWithin(prefix, null)));
    for (const row of rows) {
      addRow(points, row);
      if (points.isLarge) this.#scoreAndClear(points, query);
    }
    points.score(query, this.#scores);
  }

  #scoreAndClear(points: PackedPoints, query: PointQuery): void {
    points.score(query, this.#scores);
    points.clear();
  }

  #clear(): void {
    for (const namespace of this.#namespaces.values()) this.#space.drop(namespace);
    this.#namespaces.clear();
    this.#selections.clear();
    this.#selected = 0;
  }
}

/** Adds a point from a row of its id, vectors and terms. */
function addRow(points: PackedPoints, [id, vectors, terms]: readonly Column[]): void {
  points.add(Number(id), bytesOf(vectors), isBytes(terms) ? terms : null);
}
