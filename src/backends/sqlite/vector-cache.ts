import { ancestors, ROOT } from "../../model/namespace-path.ts";
import { placesWithin } from "../../model/namespace-place.ts";
import { bytesOf, type Connection, type Reader } from "./connection.ts";
import { inRange, pathIn, rangeParameters } from "./namespace-table.ts";
import { Ranking } from "./ranking.ts";
import { scoreChunk, VectorChunks } from "./vector-chunks.ts";

/** So many points are read one by one sooner than the namespaces below a prefix. */
const FEW_POINTS = 1_000;
/** Below a prefix of more namespaces the vectors are not cached. */
const MAX_NAMESPACES = 50_000;
/** Namespaces that are remembered for prefixes, in total. */
const MAX_SELECTED = 200_000;
/** After more writes than this, everything is read again. */
const MAX_NEWER = 20_000;
/** Vectors of superseded points that a cached namespace may have besides as many as it had when it was read. */
const MAX_EXTRA = 256;

/** A namespace that has, or had, points. */
interface Namespace {
  readonly id: number;
  /** Null when its vectors are not cached. */
  vectors: VectorChunks | null;
  /** Vectors that it may have before it is read again. */
  maxVectors: number;
  /** Number of the last search that used it. */
  lastUse: number;
}

/**
 * The vectors of searched namespaces, packed in memory. A search first adds what was written since the last one, by this
 * process or another: see {@link VectorTable}. Vectors of deleted and superseded points stay until a search finds them:
 * {@link VectorSearch} verifies each hit. All calls belong into a read transaction.
 */
export class VectorCache {
  readonly #maxBytes: number;
  readonly #namespaces = new Map<number, Namespace>();
  /** Namespaces at or below prefixes. */
  readonly #selections = new Map<string, Namespace[]>();
  #selected = 0;
  #bytes = 0;
  #search = 0;
  /** Greatest id of a point that has been seen. */
  #lastPoint = -1;
  #points = new Float64Array(0);
  #scores = new Float64Array(0);
  #count = 0;
  readonly #greatestPoint: Reader;
  readonly #newer: Reader;
  readonly #place: Reader;
  readonly #vectorsOf: Reader;
  readonly #vectorsWithin: Reader;
  readonly #countPoints: Reader;
  readonly #select: Readonly<Record<"byPoints" | "byNamespaces", Reader>>;

  constructor(connection: Connection, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#greatestPoint = connection.reader("SELECT coalesce(max(id), 0) FROM points");
    this.#newer = connection.reader("SELECT id, namespace_id, vectors FROM points WHERE id > ? ORDER BY id");
    this.#place = connection.reader("SELECT place FROM namespaces WHERE id = ?");
    this.#vectorsOf = connection.reader("SELECT id, vectors FROM points WHERE namespace_id = ?");
    this.#vectorsWithin = connection.reader(`
      SELECT p.id, p.vectors FROM namespaces n CROSS JOIN points p ON p.namespace_id = n.id WHERE ${inRange("n")}`);
    this.#countPoints = connection.reader("SELECT count(*) FROM (SELECT 1 FROM points LIMIT ?)");
    this.#select = {
      byPoints: connection.reader(`
        SELECT DISTINCT n.id FROM points p CROSS JOIN namespaces n ON n.id = p.namespace_id WHERE ${inRange("n")} LIMIT ?`),
      byNamespaces: connection.reader(`
        SELECT n.id FROM namespaces n
        WHERE ${inRange("n")} AND EXISTS (SELECT 1 FROM points p WHERE p.namespace_id = n.id) LIMIT ?`),
    };
  }

  /** Ranks all vectors at or below a prefix by their cosine with a vector. Valid until the next call. */
  rank(prefix: string, vector: Float32Array): Ranking {
    this.#search += 1;
    this.#addNewer();
    this.#count = 0;
    const namespaces = this.#selection(prefix);
    if (namespaces === null) this.#scoreUncached(prefix, vector);
    else for (const namespace of namespaces) this.#score(namespace, vector);
    return new Ranking(this.#points, this.#scores, this.#count);
  }

  /** Removes the vectors of points that no longer exist. */
  remove(prefix: string, points: ReadonlySet<number>): void {
    for (const { vectors } of this.#selections.get(prefix) ?? []) {
      this.#bytes -= vectors?.bytes ?? 0;
      vectors?.remove(points);
      this.#bytes += vectors?.bytes ?? 0;
    }
  }

  #addNewer(): void {
    const greatest = Number(this.#greatestPoint.first([])?.[0]);
    const isTooMuch = greatest - this.#lastPoint > MAX_NEWER;
    if (isTooMuch) this.#clear();
    // A prefix that was empty when it was searched has no namespaces, and must learn of its first.
    if (!isTooMuch && greatest > this.#lastPoint && this.#selections.size > 0) {
      for (const [id, namespaceId, stored] of this.#newer.each([this.#lastPoint])) {
        this.#addPoint(Number(namespaceId), Number(id), bytesOf(stored));
      }
    }
    this.#lastPoint = Math.max(this.#lastPoint, greatest);
  }

  #addPoint(namespaceId: number, point: number, stored: Uint8Array): void {
    const namespace = this.#namespaces.get(namespaceId);
    if (namespace === undefined) {
      this.#addNamespace(namespaceId);
      return;
    }
    const { vectors } = namespace;
    if (vectors === null) return;
    this.#bytes -= vectors.bytes;
    vectors.add(point, stored);
    this.#bytes += vectors.bytes;
    if (vectors.count > namespace.maxVectors || !this.#hasRoom()) this.#drop(namespace);
  }

  /** Adds a namespace that has got its first point to the prefixes that it is below. */
  #addNamespace(id: number): void {
    const path = pathIn(this.#place.first([id])?.[0]);
    for (const prefix of ancestors(path)) {
      const namespaces = this.#selections.get(prefix);
      if (namespaces === undefined) continue;
      namespaces.push(this.#namespace(id));
      this.#selected += 1;
    }
  }

  /** The namespaces with points at or below a prefix; null when they are too many to be remembered. */
  #selection(prefix: string): readonly Namespace[] | null {
    const known = this.#selections.get(prefix);
    if (known !== undefined) return known;
    const hasFewPoints = Number(this.#countPoints.first([FEW_POINTS + 1])?.[0]) <= FEW_POINTS;
    const select = this.#select[hasFewPoints ? "byPoints" : "byNamespaces"];
    const ids = select.all([...rangeParameters(placesWithin(prefix, null)), MAX_NAMESPACES + 1]);
    if (ids.length > MAX_NAMESPACES) return null;
    if (this.#selected + ids.length > MAX_SELECTED) this.#clear();
    const namespaces = ids.map(([id]) => this.#namespace(Number(id)));
    this.#selections.set(prefix, namespaces);
    // A prefix without namespaces counts as well.
    this.#selected += namespaces.length + 1;
    return namespaces;
  }

  #namespace(id: number): Namespace {
    const known = this.#namespaces.get(id);
    if (known !== undefined) return known;
    const namespace: Namespace = { id, vectors: null, maxVectors: 0, lastUse: 0 };
    this.#namespaces.set(id, namespace);
    return namespace;
  }

  #score(namespace: Namespace, vector: Float32Array): void {
    namespace.lastUse = this.#search;
    if (namespace.vectors === null) this.#load(namespace, vector);
    else this.#scoreAll(namespace.vectors, vector);
  }

  /** Reads and scores the vectors of a namespace, and keeps them where there is room. */
  #load(namespace: Namespace, vector: Float32Array): void {
    const vectors = new VectorChunks(vector.length);
    let isKept = true;
    for (const [id, stored] of this.#vectorsOf.each([namespace.id])) {
      vectors.add(Number(id), bytesOf(stored));
      isKept &&= this.#hasRoom(vectors.bytes);
      if (!isKept && vectors.chunks.length > 1) this.#scoreAndClear(vectors, vector);
    }
    this.#scoreAll(vectors, vector);
    if (!isKept) return;
    namespace.vectors = vectors;
    namespace.maxVectors = 2 * vectors.count + MAX_EXTRA;
    this.#bytes += vectors.bytes;
  }

  #scoreUncached(prefix: string, vector: Float32Array): void {
    const vectors = new VectorChunks(vector.length);
    const rows =
      prefix === ROOT ? this.#newer.each([-1]) : this.#vectorsWithin.each(rangeParameters(placesWithin(prefix, null)));
    for (const row of rows) {
      vectors.add(Number(row[0]), bytesOf(row.at(-1)));
      if (vectors.chunks.length > 1) this.#scoreAndClear(vectors, vector);
    }
    this.#scoreAll(vectors, vector);
  }

  #scoreAndClear(vectors: VectorChunks, vector: Float32Array): void {
    this.#scoreAll(vectors, vector);
    vectors.clear();
  }

  #scoreAll(vectors: VectorChunks, vector: Float32Array): void {
    this.#reserve(vectors.count);
    for (const chunk of vectors.chunks) {
      scoreChunk(chunk, vector, this.#scores, this.#count);
      this.#points.set(chunk.points.subarray(0, chunk.count), this.#count);
      this.#count += chunk.count;
    }
  }

  #reserve(more: number): void {
    const needed = this.#count + more;
    if (needed <= this.#points.length) return;
    const [points, scores] = [this.#points, this.#scores];
    this.#points = new Float64Array(2 * needed);
    this.#scores = new Float64Array(2 * needed);
    this.#points.set(points);
    this.#scores.set(scores);
  }

  /** Whether so many bytes more fit; makes room by dropping what this search does not use, the longest unused first. */
  #hasRoom(more = 0): boolean {
    if (this.#bytes + more <= this.#maxBytes) return true;
    const unused = [...this.#namespaces.values()].filter(({ vectors, lastUse }) => vectors !== null && lastUse < this.#search);
    unused.sort((a, b) => a.lastUse - b.lastUse);
    // More than is needed, so that the next vectors find room.
    const enough = 0.9 * this.#maxBytes;
    for (const namespace of unused) {
      if (this.#bytes + more <= enough) break;
      this.#drop(namespace);
    }
    return this.#bytes + more <= this.#maxBytes;
  }

  #drop(namespace: Namespace): void {
    this.#bytes -= namespace.vectors?.bytes ?? 0;
    namespace.vectors = null;
  }

  #clear(): void {
    this.#namespaces.clear();
    this.#selections.clear();
    this.#selected = 0;
    this.#bytes = 0;
  }
}
