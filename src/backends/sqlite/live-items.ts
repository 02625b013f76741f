import { FILE_VECTORS_MS, purgedRegularly } from "../../concurrency/cache-expiry.ts";
import { bytesOf, textOf, type Connection, type Reader } from "./connection.ts";
import type { GenerationTables } from "./generation-list.ts";
import { pathIn } from "./namespace-table.ts";

/** Most points whose items are cached. */
const MOST_CACHED = 10_000;

/** The item of a point. It has a record. */
export interface LiveItem {
  readonly place: Buffer;
  readonly namespace: string;
  readonly created: number;
  readonly keyBytes: Buffer;
  readonly key: string;
  /** The write that the point's vectors and terms are of. */
  readonly writeId: string;
  /** Row of the item. */
  readonly item: number;
  /** The write that the item's record is of. */
  readonly recordWriteId: string;
  readonly expiresAt: number | null;
}

/**
 * The items of points of one generation. They are cached for as long as nothing is written to the file, by this process or another: several searches in a
 * row read the same items. All calls belong into a read transaction.
 */
export class LiveItems {
  readonly #read: Reader;
  readonly #existing: Reader;
  readonly #fileVersion: Reader;
  readonly #ownChanges: Reader;
  /** Null for a point without an item that has a value. */
  readonly #items = new Map<number, LiveItem | null>();
  #version: unknown = null;
  #changes: unknown = null;
  /** When the first of the items was cached, milliseconds of `performance.now()`. */
  #filledAt = 0;

  constructor(connection: Connection, { points }: Pick<GenerationTables, "points">) {
    // CROSS JOIN keeps SQLite to the order written.
    this.#read = connection.reader(`
      SELECT p.id AS point, n.place, i.created, i.key, p.write_id, i.id AS item, i.write_id AS record_write_id, i.expires_at
      FROM json_each(?) wanted CROSS JOIN ${points} p ON p.id = wanted.value
      CROSS JOIN items i ON i.namespace_id = p.namespace_id AND i.key = p.key
      CROSS JOIN namespaces n ON n.id = i.namespace_id
      WHERE i.has_value = 1`);
    this.#existing = connection.reader(`SELECT p.id FROM json_each(?) wanted CROSS JOIN ${points} p ON p.id = wanted.value`);
    // The first changes with commits of other connections, the second with those of this one.
    this.#fileVersion = connection.reader("PRAGMA data_version");
    this.#ownChanges = connection.reader("SELECT total_changes()");
    purgedRegularly(this);
  }

  /** Forgets the items if the file was written since the last call. At the start of a search. */
  refresh(): void {
    const version = this.#fileVersion.first([])?.[0];
    const changes = this.#ownChanges.first([])?.[0];
    if (version === this.#version && changes === this.#changes && this.#items.size <= MOST_CACHED) return;
    this.#items.clear();
    this.#version = version;
    this.#changes = changes;
  }

  /** Reads the items of points that are not cached. Returns the points that do not exist any more. */
  read(points: readonly { readonly point: number }[]): ReadonlySet<number> {
    const wanted = new Set<number>();
    for (const { point } of points) if (!this.#items.has(point)) wanted.add(point);
    if (wanted.size === 0) return wanted;
    if (this.#items.size === 0) this.#filledAt = performance.now();
    for (const point of wanted) this.#items.set(point, null);
    const ids = JSON.stringify([...wanted]);
    const rows = this.#read.all([ids]);
    for (const [point, place, created, key, writeId, item, recordWriteId, expiresAt] of rows) {
      this.#items.set(Number(point), {
        place: bytesOf(place),
        namespace: pathIn(place),
        created: Number(created),
        keyBytes: bytesOf(key),
        key: textOf(key),
        writeId: String(writeId),
        item: Number(item),
        recordWriteId: String(recordWriteId),
        expiresAt: expiresAt === null ? null : Number(expiresAt),
      });
    }
    if (rows.length < wanted.size) for (const [id] of this.#existing.all([ids])) wanted.delete(Number(id));
    else wanted.clear();
    return wanted;
  }

  /** Returns the item of a point that was read; null unless it is live. */
  liveAt(point: number, now: number): LiveItem | null {
    const item = this.#items.get(point) ?? null;
    return item === null || (item.expiresAt !== null && item.expiresAt <= now) ? null : item;
  }

  /** Forgets items that no search has refreshed for long: they may have been deleted since. */
  purgeStale(): void {
    if (this.#items.size > 0 && performance.now() - this.#filledAt >= FILE_VECTORS_MS) this.#items.clear();
  }
}
