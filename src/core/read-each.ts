import { isStoreError } from "../model/errors.ts";
import type { ItemId, ItemRecord } from "../model/item.ts";
import type { ItemRepository } from "../ports/item-repository.ts";

/** Stands for a record that this version cannot read, as a newer one wrote it. */
export const UNREADABLE = Symbol("unreadable");

/** Reads records at their positions; one that cannot be read does not keep the others from being read. */
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
