import { isStoreError } from "../model/errors.ts";
import type { ItemId, ItemRecord } from "../model/item.ts";
import type { ItemRepository } from "../ports/item-repository.ts";

/** Stands for a record that only a newer version of the package can read. */
export const UNREADABLE = Symbol("unreadable");

/** Reads records; `result[i]` belongs to `ids[i]`. An unreadable record does not fail the others. */
export async function readEach(
  items: Pick<ItemRepository, "get">,
  ids: readonly ItemId[],
): Promise<(ItemRecord | typeof UNREADABLE | null)[]> {
  try {
    return await items.get(ids);
  } catch (error) {
    if (!isStoreError(error) || error.code !== "SCHEMA") throw error;
    if (ids.length === 1) return [UNREADABLE];
    const halves = [ids.slice(0, ids.length >> 1), ids.slice(ids.length >> 1)];
    return (await Promise.all(halves.map((half) => readEach(items, half)))).flat();
  }
}
