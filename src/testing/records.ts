/** Records for the cases about ports. */
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { newWriteId, type ItemId, type ItemRecord } from "../model/item.ts";
import type { ListingOrder } from "../model/request.ts";
import { decodeValue, encodeValue } from "../model/value-codec.ts";
import type { NamespaceStart } from "../model/namespace-place.ts";
import type { ItemRepository, ListPosition, NamespacePage } from "../ports/item-repository.ts";

const LIMITS = { maxValueBytes: 8 * 1024 * 1024 };

let lastVersion = 0;

/** A version of the current time, higher than any before. */
export function nextVersion(): number {
  lastVersion = Math.max(Date.now() * 1000, lastVersion + 1);
  return lastVersion;
}

/** A new namespace for a case. */
export function newRoot(): string {
  return `suite-${randomUUID()}`;
}

/** Parts of a record; `value: null` creates the marker of a delete. */
type RecordParts = Partial<Omit<ItemRecord, "value">> & { readonly value?: Record<string, unknown> | null };

/** A record, by default with the current time, a new write id and one vector. */
export function recordOf(namespace: string, key: string, parts: RecordParts = {}): ItemRecord {
  const version = parts.version ?? nextVersion();
  const { value = { key }, ...rest } = parts;
  return {
    namespace,
    key,
    created: version,
    version,
    writeId: newWriteId(),
    index: undefined,
    vectorCount: 1,
    expiresAt: null,
    ttlMs: null,
    ...rest,
    value: value === null ? null : encodeValue(value, LIMITS),
  };
}

/** Writes records and fails unless each was stored. */
export async function putAll(items: ItemRepository, records: readonly ItemRecord[]): Promise<void> {
  const outcomes = await items.put(records);
  expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
  expect(outcomes).toHaveLength(records.length);
}

/** A record with its value decoded, so that two can be compared. */
export function plain(record: ItemRecord | null): unknown {
  return record === null ? null : { ...record, value: record.value === null ? null : decodeValue(record.value) };
}

/** Fails unless exactly these records are stored at the ids. */
export async function expectStored(
  items: ItemRepository,
  records: readonly (ItemRecord | null)[],
  ids: readonly ItemId[],
): Promise<void> {
  expect((await items.get(ids)).map(plain)).toEqual(records.map(plain));
}

/** Reads all pages of a namespace. */
export async function listAll(
  items: ItemRepository,
  namespace: string,
  order: ListingOrder = "oldest",
  limit = 100,
): Promise<ItemRecord[]> {
  const records: ItemRecord[] = [];
  for (let after: ListPosition | null = null, pages = 0; ; pages += 1) {
    const page = await items.list({ namespace, order, after, limit });
    expect(page.records.length).toBeLessThanOrEqual(limit);
    records.push(...page.records);
    if (page.next === null) return records;
    expect(page.next, "a page has to go on behind the one before it").not.toEqual(after);
    expect(pages, "a listing has to come to its end").toBeLessThan(20_000);
    after = page.next;
  }
}

/** The registered namespaces at or below a prefix, beginning at a start, in pages; all or only the unscored ones. */
export async function registeredBelow(
  items: ItemRepository,
  prefix: string,
  { unscored = false, limit = 500, from = null }: { unscored?: boolean; limit?: number; from?: NamespaceStart | null } = {},
): Promise<string[]> {
  const paths: string[] = [];
  do {
    const page: NamespacePage = await items.namespacesAfter({ prefix, from, limit, unscored });
    paths.push(...page.paths);
    from = page.next;
  } while (from !== null);
  return paths;
}

/** The registered namespaces at or below a prefix, with their flag for items without a vector. */
export async function flagsBelow(items: ItemRepository, prefix: string): Promise<Record<string, boolean>> {
  const flagged = new Set(await registeredBelow(items, prefix, { unscored: true }));
  return Object.fromEntries((await registeredBelow(items, prefix)).map((path) => [path, flagged.has(path)]));
}
