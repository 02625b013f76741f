/** A process that writes and checks records through a repository, with a plain model of what it has written. */
import { expect } from "vitest";
import { isLive, type ItemId, type ItemRecord } from "../../src/model/item.ts";
import type { ItemRepository } from "../../src/ports/item-repository.ts";
import { present } from "../../src/testing/expectations.ts";
import { listAll, nextVersion, plain, putAll, recordOf } from "../../src/testing/records.ts";
import { scanAll } from "../../src/testing/scans.ts";

const HOUR_MS = 3_600_000;

/** Writes to keys of its own, so that the model says exactly what is stored. */
export class RecordWriter {
  readonly #items: ItemRepository;
  readonly #readers: readonly ItemRepository[];
  readonly #namespaces: readonly string[];
  readonly #name: string;
  readonly #keys: number;
  readonly stored = new Map<string, ItemRecord>();
  /** Id of the write in flight, which may be visible already; null without one. */
  pending: string | null = null;
  #writes = 0;

  /** @param readers - repositories of other processes, which must see each acknowledged write */
  constructor(items: ItemRepository, readers: readonly ItemRepository[], { namespaces, name, keys }: { namespaces: readonly string[]; name: string; keys: number }) {
    this.#items = items;
    this.#readers = readers;
    this.#namespaces = namespaces;
    this.#name = name;
    this.#keys = keys;
  }

  get writes(): number {
    return this.#writes;
  }

  /** Writes every key once. */
  async fill(): Promise<void> {
    const ids = this.#namespaces.flatMap((namespace) => Array.from({ length: this.#keys }, (_, i) => ({ namespace, key: `${this.#name}-${i}` })));
    for (let i = 0; i < ids.length; i += 100) {
      const records = ids.slice(i, i + 100).map(({ namespace, key }) => this.#next({ namespace, key }));
      await putAll(this.#items, records);
      for (const record of records) this.stored.set(idOf(record), record);
    }
  }

  /** Makes one random write, and reads it through another process. */
  async step(): Promise<void> {
    const namespace = pick(this.#namespaces);
    const id = { namespace, key: `${this.#name}-${Math.floor(Math.random() * this.#keys * 1.1)}` };
    const record = this.#next(id);
    this.pending = idOf(id);
    await putAll(this.#items, [record]);
    this.stored.set(idOf(record), record);
    this.pending = null;
    this.#writes += 1;
    const [read] = await pick(this.#readers).get([id]);
    expect(plain(read ?? null), `${idOf(id)} through another process`).toEqual(plain(record));
  }

  /** A put, a delete, or a refresh of the expiry at the same version. */
  #next(id: ItemId): ItemRecord {
    const before = this.stored.get(idOf(id)) ?? null;
    const now = Date.now();
    const live = isLive(before, now) ? before : null;
    const chance = Math.random();
    if (live !== null && chance < 0.2) return recordOf(id.namespace, id.key, { value: null, created: live.created, vectorCount: 0 });
    if (typeof live?.expiresAt === "number" && chance < 0.5) return { ...live, expiresAt: live.expiresAt + 60_000 };
    const version = nextVersion();
    const expiry = Math.random() < 0.4 ? { expiresAt: now + HOUR_MS, ttlMs: HOUR_MS } : {};
    return recordOf(id.namespace, id.key, { version, created: live?.created ?? version, value: { writes: this.#writes, key: id.key }, ...expiry });
  }
}

/** Fails unless listings return each live record of the writers once; those that are written meanwhile are not compared. */
export async function checkListings(items: ItemRepository, writers: readonly RecordWriter[], namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    const before = storedBy(writers);
    const listed = await listAll(items, namespace, Math.random() < 0.5 ? "oldest" : "newest", 150);
    const after = storedBy(writers);
    const isStable = (id: string): boolean => before.has(id) && before.get(id) === after.get(id);
    const now = Date.now();
    const expected = [...before.values()].filter((record) => record.namespace === namespace && isLive(record, now) && isStable(idOf(record)));
    expectOnce(listed.filter((record) => isStable(idOf(record))), expected, `the listing of ${namespace}`);
  }
}

/** Fails unless a scan returns each record of the writers once, delete markers included. */
export async function checkScan(items: ItemRepository, writers: readonly RecordWriter[], meanwhile?: () => Promise<unknown>): Promise<void> {
  const before = storedBy(writers);
  const pages = await scanAll((after) => items.scan(after, 40), meanwhile);
  const after = storedBy(writers);
  expect(pages.reduce((sum, { unreadable }) => sum + unreadable, 0)).toBe(0);
  const isStable = (id: string): boolean => before.has(id) && before.get(id) === after.get(id);
  const found = pages.flatMap((page) => page.found);
  // A record that is written meanwhile is returned once, too, in one of its versions.
  const ids = found.map(idOf);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i), "records that the scan returned twice").toEqual([]);
  expectOnce(found.filter((record) => isStable(idOf(record))), [...before.values()].filter((record) => isStable(idOf(record))), "the scan");
}

/** Fails unless each record of the writers is read by its id. */
export async function checkReads(items: ItemRepository, writers: readonly RecordWriter[]): Promise<void> {
  const all = [...storedBy(writers).values()];
  for (let i = 0; i < all.length; i += 500) {
    const part = all.slice(i, i + 500);
    expect((await items.get(part)).map(plain)).toEqual(part.map(plain));
  }
}

function expectOnce(found: readonly ItemRecord[], expected: readonly ItemRecord[], what: string): void {
  const inOrder = (records: readonly ItemRecord[]) => records.map((record) => [idOf(record), plain(record)] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const [actual, wanted] = [inOrder(found), inOrder(expected)];
  const [actualIds, wantedIds] = [actual.map(([id]) => id), wanted.map(([id]) => id)];
  const missing = wantedIds.filter((id) => !actualIds.includes(id));
  const extra = actualIds.filter((id, i) => !wantedIds.includes(id) || actualIds.indexOf(id) !== i);
  expect({ missing, extra }, what).toEqual({ missing: [], extra: [] });
  expect(actual, what).toEqual(wanted);
}

/** Records without a write in flight. */
function storedBy(writers: readonly RecordWriter[]): Map<string, ItemRecord> {
  return new Map(writers.flatMap(({ stored, pending }) => [...stored].filter(([id]) => id !== pending)));
}

function idOf({ namespace, key }: ItemId): string {
  return `${namespace}/${key}`;
}

function pick<T>(list: readonly T[]): T {
  return present(list[Math.floor(Math.random() * list.length)]);
}
