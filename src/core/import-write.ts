/** What differs in the write of an imported item: it keeps the times of its source, and never replaces a later write. */
import { isLive, updatedOf, type ItemRecord } from "../model/item.ts";
import type { PutOrigin } from "../model/request.ts";

/** Whether the stored item stays as it is: it was updated at the same time as the imported one, or later. */
export function keepsStored({ keepsNewer, updated }: PutOrigin, stored: ItemRecord | null, now: number): stored is ItemRecord {
  return keepsNewer && updated !== null && isLive(stored, now) && updatedOf(stored) >= updated;
}

/** The version of an imported item. A write that began after the import read the records has a higher one and wins. */
export function importVersion({ asOf }: PutOrigin, replaced: ItemRecord | null): number {
  return Math.max(asOf, (replaced?.version ?? 0) + 1);
}

/** The times of an imported item. One that replaces a live item keeps the creation of that, as every put does. */
export function importTimes({ created, updated }: PutOrigin, replaced: ItemRecord | null, version: number, now: number): Pick<ItemRecord, "created" | "updated"> {
  const own = Math.min(created ?? updated ?? version, version);
  return { created: isLive(replaced, now) ? replaced.created : own, ...(updated === null ? {} : { updated: Math.min(updated, version) }) };
}
