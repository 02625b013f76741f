import { idText, type ItemId } from "../model/item.ts";

/** Most queued items; a later search finds an item that does not fit again. */
const MOST_ITEMS = 10_000;

/** Bound of the total length of their namespaces and keys, characters. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

/** Delay before a stale item is repaired, milliseconds: the vectors of a write in progress are stale only for a moment. */
const SETTLING_MS = 5_000;

/** Queue of items with stale vectors. */
export class StaleItems {
  readonly #items = new Map<string, { readonly id: ItemId; readonly seenAt: number }>();
  #characters = 0;

  /** Adds items that are not queued yet, up to the bounds. */
  add(ids: readonly ItemId[], now = Date.now()): void {
    for (const { namespace, key } of ids) {
      const text = idText({ namespace, key });
      if (this.#items.has(text) || this.#items.size >= MOST_ITEMS || this.#characters + text.length > MOST_CHARACTERS) continue;
      this.#characters += text.length;
      this.#items.set(text, { id: { namespace, key }, seenAt: now });
    }
  }

  /** Removes and returns the items whose delay is over at `now`, or all. */
  take(now: number, all: boolean): ItemId[] {
    const taken: ItemId[] = [];
    for (const [text, { id, seenAt }] of this.#items) {
      if (!all && seenAt + SETTLING_MS > now) continue;
      this.#items.delete(text);
      this.#characters -= text.length;
      taken.push(id);
    }
    return taken;
  }
}
