import type { ItemId } from "../../model/item.ts";
import type { StoredPoint } from "../../ports/vector-index.ts";
import { bytesOf, toBytes, type Connection, type Reader, type Writer } from "./connection.ts";
import type { GenerationTables } from "./generation-list.ts";
import type { NamespaceTable } from "./namespace-table.ts";
import type { RemoveWrite, UpsertWrite } from "./requests.ts";
import { TermCounts } from "./term-counts.ts";
import { isBytes } from "../../model/realms.ts";

/** A point that was written when no record existed. */
interface Orphan {
  readonly id: number;
  /** Whether its record was written since. */
  readonly hasRecord: boolean;
}

/**
 * The points of a generation of the index: a row for each item that has vectors. A point that is written again gets a new row, and ids are never reused:
 * a reader finds what was written since by the ids above the greatest that it has seen.
 */
export class VectorTable {
  readonly #namespaces: NamespaceTable;
  readonly #find: Reader;
  readonly #vectors: Reader;
  readonly #current: Reader;
  readonly #add: Writer;
  readonly #delete: Reader;
  readonly #orphans: Reader;
  readonly #adopt: Writer;
  readonly #counts: TermCounts;

  /** @param tables - names of the tables */
  constructor(connection: Connection, namespaces: NamespaceTable, tables: GenerationTables) {
    const { points } = tables;
    this.#counts = new TermCounts(connection, tables);
    this.#namespaces = namespaces;
    this.#find = connection.reader(`SELECT id, version, write_id FROM ${points} WHERE namespace_id = ? AND key = ?`);
    this.#vectors = connection.reader(`SELECT vectors FROM ${points} WHERE namespace_id = ? AND key = ?`);
    this.#current = connection.reader("SELECT write_id FROM items WHERE namespace_id = ? AND key = ?");
    this.#add = connection.writer(`
      INSERT INTO ${points} (namespace_id, key, version, write_id, dims, vectors, terms, orphaned)
      VALUES (?, ?, ?, ?, ?, ?, ?, NOT EXISTS (SELECT 1 FROM items WHERE namespace_id = ? AND key = ?))`);
    const record = "SELECT 1 FROM items i WHERE i.namespace_id = p.namespace_id AND i.key = p.key";
    this.#orphans = connection.reader(`SELECT p.id, EXISTS (${record}) AS has_record FROM ${points} p WHERE p.orphaned = 1 LIMIT ?`);
    this.#adopt = connection.writer(`UPDATE ${points} SET orphaned = 0 WHERE id = ?`);
    this.#delete = connection.reader(`DELETE FROM ${points} WHERE id = ? RETURNING terms`);
  }

  /** Writes a point unless a newer one is stored. For write transactions. */
  upsert({ namespace: path, key: text, version, writeId, dims, vectors, terms }: UpsertWrite): void {
    const namespace = this.#namespaces.register(path);
    const key = toBytes(text);
    const found = this.#find.first([namespace, key]);
    if (found !== null) {
      const [id, storedVersion, storedWriteId] = found;
      if (Number(storedVersion) > version) return;
      // Of two points of one version the one of the record's write stays, else the later call's.
      if (storedVersion === version && storedWriteId !== writeId && this.#current.first([namespace, key])?.[0] === storedWriteId) return;
      this.drop(Number(id));
    }
    this.#add([namespace, key, version, writeId, dims, vectors, terms, namespace, key]);
    this.#counts.count(terms, 1);
  }

  /** Deletes a point unless it is newer. For write transactions. */
  remove({ namespace: path, key, version, writeId }: RemoveWrite): void {
    const namespace = this.#namespaces.find(path);
    const found = namespace === null ? null : this.#find.first([namespace, toBytes(key)]);
    if (found === null) return;
    const [id, storedVersion, storedWriteId] = found;
    // A point of the same version but of another write may be the record's.
    if (Number(storedVersion) > version || (storedVersion === version && storedWriteId !== writeId)) return;
    this.drop(Number(id));
  }

  /** Deletes the point of an item, of any version. For write transactions. */
  dropOf(namespace: number, key: Buffer): void {
    const id = this.#find.first([namespace, key])?.[0];
    if (id !== undefined) this.drop(Number(id));
  }

  /** Returns points that had no record when they were written. */
  orphans(limit: number): Orphan[] {
    return this.#orphans.all([limit]).map(([id, hasRecord]) => ({ id: Number(id), hasRecord: hasRecord === 1 }));
  }

  /** Marks a point as one that has a record. For write transactions. */
  adopt(id: number): void {
    this.#adopt([id]);
  }

  /** Deletes a point of any version. For write transactions. */
  drop(id: number): void {
    const terms = this.#delete.first([id])?.[0];
    if (isBytes(terms)) this.#counts.count(terms, -1);
  }

  /** Completes a write transaction: writes how many points have each term. */
  flush(): void {
    this.#counts.flush();
  }

  /** Forgets the changes of a transaction that was rolled back. */
  forget(): void {
    this.#counts.forget();
  }

  /** Returns the stored vectors of items, at their positions. */
  vectorsOf(ids: readonly ItemId[]): (Uint8Array | null)[] {
    return ids.map(({ namespace: path, key }) => {
      const namespace = this.#namespaces.find(path);
      const found = namespace === null ? null : this.#vectors.first([namespace, toBytes(key)]);
      return found === null ? null : bytesOf(found[0]);
    });
  }

  /** Returns what is stored of items, at their positions. */
  stored(ids: readonly ItemId[]): (StoredPoint | null)[] {
    return ids.map(({ namespace: path, key }) => {
      const namespace = this.#namespaces.find(path);
      const found = namespace === null ? null : this.#find.first([namespace, toBytes(key)]);
      return found === null ? null : { version: Number(found[1]), writeId: String(found[2]) };
    });
  }
}
