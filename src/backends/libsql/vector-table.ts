import type { Filter } from "../../model/filter.ts";
import { matchesFilter, testsIn } from "../../model/filter-match.ts";
import type { ItemId } from "../../model/item.ts";
import { decodeRecord } from "../../model/record-codec.ts";
import { StoreError } from "../../model/errors.ts";
import { tryDecodeValue } from "../../model/value-codec.ts";
import type { StoredPoint, VectorHit } from "../../ports/vector-index.ts";
import { placesWithin } from "../../model/namespace-place.ts";
import { bytesOf, textOf, toBytes, type Connection, type Reader, type Writer } from "./connection.ts";
import { VECTORS_PER_POINT } from "./migrations.ts";
import { inRange, pathIn, rangeParameters, type NamespaceTable } from "./namespace-table.ts";
import type { RankRequest, RemoveWrite, UpsertWrite } from "./requests.ts";

/** Candidates are read by this many: one statement each costs three times as much, and all at once fill the memory. */
const CHUNK = 64;

/** So many points are read one by one sooner than the namespaces below a prefix. */
const FEW_POINTS = 1_000;

/** More of the nearest vectors are read than items are asked for: some are of one item, or of none that lives. */
const SPARE = 16;

/** Where they were not enough, so many times as many are: where some are equal, or dead, many are. */
const GROWTH = 16;

/** Tests of fields for one question; candidates beyond them are given as they are, and matched by who asks. */
const MOST_TESTS = 10_000_000;

/** The vectors: a point for each item, and the vectors of each point. */
export class VectorTable {
  readonly #connection: Connection;
  readonly #namespaces: NamespaceTable;
  readonly #find: Reader;
  readonly #current: Reader;
  readonly #add: Reader;
  readonly #change: Writer;
  readonly #delete: Writer;
  readonly #deleteVectors: Writer;
  readonly #addVector: Writer;
  readonly #rank: Readonly<Record<"all" | "within" | "fewWithin", Reader>>;
  readonly #countUpTo: Reader;
  readonly #nearestVectors: Reader;
  readonly #liveItems: Reader;
  readonly #names: Reader;
  readonly #records: Reader;

  constructor(connection: Connection, namespaces: NamespaceTable) {
    this.#connection = connection;
    this.#namespaces = namespaces;
    this.#find = connection.reader("SELECT id, version, write_id FROM points WHERE namespace_id = ? AND key = ?");
    this.#current = connection.reader("SELECT write_id FROM items WHERE namespace_id = ? AND key = ?");
    this.#add = connection.reader(
      `INSERT INTO points (namespace_id, key, version, write_id, orphaned)
       VALUES (?1, ?2, ?3, ?4, NOT EXISTS (SELECT 1 FROM items WHERE namespace_id = ?1 AND key = ?2)) RETURNING id`,
    );
    this.#change = connection.writer("UPDATE points SET version = ?, write_id = ? WHERE id = ?");
    this.#delete = connection.writer("DELETE FROM points WHERE id = ?");
    this.#deleteVectors = connection.writer("DELETE FROM vectors WHERE id BETWEEN ? AND ?");
    this.#addVector = connection.writer("INSERT INTO vectors (id, embedding) VALUES (?, ?)");
    this.#rank = {
      all: connection.reader(ranked("points p", "TRUE")),
      within: connection.reader(ranked("namespaces m CROSS JOIN points p ON p.namespace_id = m.id", inRange("m"))),
      fewWithin: connection.reader(ranked("points p", inRange("n"))),
    };
    this.#countUpTo = connection.reader("SELECT count(*) FROM (SELECT 1 FROM points LIMIT ?)");
    this.#nearestVectors = connection.reader(
      "SELECT id, coalesce(vector_distance_cos(embedding, ?), 1) AS distance FROM vectors ORDER BY distance LIMIT ?",
    );
    this.#liveItems = connection.reader(`
      SELECT p.id, i.id FROM json_each(?) wanted CROSS JOIN points p ON p.id = wanted.value
      CROSS JOIN items i ON i.namespace_id = p.namespace_id AND i.key = p.key
      CROSS JOIN namespaces n ON n.id = i.namespace_id
      WHERE i.has_value = 1 AND (i.expires_at IS NULL OR i.expires_at > ?) ORDER BY n.place, i.created, i.key`);
    this.#names = connection.reader(`
      SELECT i.id, n.place, i.key, p.write_id FROM json_each(?) wanted
      CROSS JOIN items i ON i.id = wanted.value CROSS JOIN namespaces n ON n.id = i.namespace_id
      CROSS JOIN points p ON p.namespace_id = i.namespace_id AND p.key = i.key`);
    this.#records = connection.reader(
      "SELECT i.id, i.record FROM json_each(?) wanted CROSS JOIN items i ON i.id = wanted.value",
    );
  }

  /** Writes a point unless a newer one is there. For write transactions. */
  upsert(write: UpsertWrite): void {
    const namespace = this.#namespaces.register(write.namespace);
    const key = toBytes(write.key);
    const found = this.#find.first([namespace, key]);
    if (found === null) {
      const id = Number(this.#add.first([namespace, key, write.version, write.writeId])?.[0]);
      this.#fill(id, write.vectors);
      return;
    }
    const [id, version, writeId] = [Number(found[0]), Number(found[1]), found[2]];
    if (version > write.version) return;
    // Two writes of one version: the point of the one that the record kept stays, else the later call's.
    if (version === write.version && writeId !== write.writeId) {
      if (this.#current.first([namespace, key])?.[0] === writeId) return;
    }
    this.#change([write.version, write.writeId, id]);
    this.#clear(id);
    this.#fill(id, write.vectors);
  }

  /** Removes a point unless it is newer. For write transactions. */
  remove(write: RemoveWrite): void {
    const namespace = this.#namespaces.find(write.namespace);
    const found = namespace === null ? null : this.#find.first([namespace, toBytes(write.key)]);
    if (found === null) return;
    const [, version, writeId] = found;
    // Of points of this very version, that of another write may be the record's.
    if (Number(version) > write.version || (Number(version) === write.version && writeId !== write.writeId)) return;
    this.drop(Number(found[0]));
  }

  /** Removes a point with its vectors, whatever its version. For write transactions. */
  drop(id: number): void {
    this.#clear(id);
    this.#delete([id]);
  }

  /** What is stored of items, at their positions. */
  stored(ids: readonly ItemId[]): (StoredPoint | null)[] {
    return ids.map(({ namespace: path, key }) => {
      const namespace = this.#namespaces.find(path);
      const found = namespace === null ? null : this.#find.first([namespace, toBytes(key)]);
      return found === null ? null : { version: Number(found[1]), writeId: String(found[2]) };
    });
  }

  /** The items nearest to a vector, exactly: among live and matching ones. A hit says which write its vectors are of. */
  rank(request: RankRequest): VectorHit[] {
    return this.#connection.transaction("DEFERRED", () => this.#ranked(request));
  }

  #ranked({ vector, prefix, filter, limit, now }: RankRequest): VectorHit[] {
    const vectorBytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
    if (prefix === "" && filter === null) return this.#hits(this.#nearest(vectorBytes, now, limit));
    // With a filter all are ranked and read on until enough of them match; -1 is SQL's "no limit".
    const count = filter === null ? limit : -1;
    const rows =
      prefix === ""
        ? this.#rank.all.all([vectorBytes, now, count])
        : this.#within().all([vectorBytes, now, ...rangeParameters(placesWithin(prefix, null)), count]);
    const candidates = rows.map(([id, score]): Candidate => ({ id: Number(id), score: Number(score) }));
    return this.#hits(filter === null ? candidates : this.#matching(candidates, filter, limit));
  }

  /** By the namespaces of the prefix, of which there may be far more than points; where there are few of these, by the points. */
  #within(): Reader {
    const points = Number(this.#countUpTo.first([FEW_POINTS + 1])?.[0]);
    return points <= FEW_POINTS ? this.#rank.fewWithin : this.#rank.within;
  }

  /**
   * The nearest of all items. Nearly all vectors are of live ones, so their items are looked for only once it is known which
   * are near: a third of the time of {@link ranked}, which looks for the item of each.
   */
  #nearest(vector: Uint8Array, now: number, limit: number): Candidate[] {
    for (let count = 2 * limit + SPARE; ; count *= GROWTH) {
      const rows = this.#nearestVectors.all([vector, count]);
      const scores = new Map<number, number>();
      for (const [id, distance] of rows) {
        const point = Math.floor(Number(id) / VECTORS_PER_POINT);
        // The first is the best.
        if (!scores.has(point)) scores.set(point, scoreOf(distance));
      }
      const live = this.#liveItems.all([JSON.stringify([...scores.keys()]), now]);
      const candidates = live
        .map(([point, id]): Candidate => ({ id: Number(id), score: scores.get(Number(point)) ?? 0 }))
        // Stable: of equal scores the order of the statement stays.
        .sort((a, b) => b.score - a.score)
        .slice(0, limit);
      // Others of the last one's score may not have been read yet, and stand before it.
      const open = rows.length < count ? -Infinity : scoreOf(rows.at(-1)?.[1]);
      if (candidates.length === limit && (candidates.at(-1)?.score ?? 0) > open) return candidates;
      if (open === -Infinity) return candidates;
    }
  }

  /** The first `limit` candidates whose values match, or may match where so many had to be looked at. */
  #matching(candidates: readonly Candidate[], filter: Filter, limit: number): Candidate[] {
    const matching: Candidate[] = [];
    const most = Math.ceil(MOST_TESTS / Math.max(1, testsIn(filter)));
    for (let start = 0; start < candidates.length && matching.length < limit; start += CHUNK) {
      if (start >= most) return [...matching, ...candidates.slice(start, start + limit)].slice(0, limit);
      const chunk = candidates.slice(start, start + CHUNK);
      const records = new Map(this.#records.all([idsOf(chunk)]).map(([id, record]) => [id, bytesOf(record)]));
      matching.push(...chunk.filter(({ id }) => matches(records.get(id), filter)));
    }
    return matching.slice(0, limit);
  }

  #hits(candidates: readonly Candidate[]): VectorHit[] {
    const names = new Map(this.#names.all([idsOf(candidates)]).map((row) => [row[0], row]));
    return candidates.map(({ id, score }) => {
      const [, place, key, writeId] = names.get(id) ?? [];
      return { namespace: pathIn(place), key: textOf(key), writeId: String(writeId), score };
    });
  }

  #fill(id: number, vectors: readonly Float32Array[]): void {
    for (const [n, vector] of vectors.entries()) {
      const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
      this.#addVector([id * VECTORS_PER_POINT + n, bytes]);
    }
  }

  #clear(id: number): void {
    this.#deleteVectors([id * VECTORS_PER_POINT, id * VECTORS_PER_POINT + VECTORS_PER_POINT - 1]);
  }
}

/** Rounding may lead past 1. */
function scoreOf(distance: unknown): number {
  return Math.max(-1, Math.min(1, 1 - Number(distance)));
}

/** A ranked item. */
interface Candidate {
  /** Row of the item. */
  readonly id: number;
  readonly score: number;
}

function idsOf(candidates: readonly Candidate[]): string {
  return JSON.stringify(candidates.map(({ id }) => id));
}

function matches(cell: Buffer | undefined, filter: Filter): boolean {
  const { value } = decodeRecord(NO_ID, bytesOf(cell));
  if (value === null) return false;
  const decoded = tryDecodeValue(value);
  // What cannot be decoded here, as a codec sealed it, is opened by the caller, and matched or reported there.
  return decoded instanceof StoreError || matchesFilter(decoded, filter);
}

/** Ids are not part of a record's bytes, and a filter does not see them. */
const NO_ID: ItemId = { namespace: "", key: "" };

/**
 * Ranks the points of `source` by their best vector. CROSS JOIN keeps SQLite to the order written: each point finds its
 * record, and only where that is current and live are its vectors compared. A zero vector has no angle and scores 0;
 * rounding may lead past 1.
 */
function ranked(source: string, where: string): string {
  return `
    SELECT i.id, (
      SELECT max(-1.0, min(1.0, max(coalesce(1 - vector_distance_cos(v.embedding, ?), 0)))) FROM vectors v
      WHERE v.id BETWEEN p.id * ${VECTORS_PER_POINT} AND p.id * ${VECTORS_PER_POINT} + ${VECTORS_PER_POINT - 1}
    ) AS score
    FROM ${source}
    CROSS JOIN items i ON i.namespace_id = p.namespace_id AND i.key = p.key
    CROSS JOIN namespaces n ON n.id = i.namespace_id
    WHERE i.has_value = 1 AND (i.expires_at IS NULL OR i.expires_at > ?) AND ${where}
    ORDER BY score DESC, n.place, i.created, i.key LIMIT ?`;
}
