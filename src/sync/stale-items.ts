import { idText, type ItemId } from "../model/item.ts";

/** Items that wait; beyond, the next search that meets one finds it again. */
const MOST = 10_000;

/** Characters of their namespaces and keys together: both come from callers, and may be long. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

/** Vectors of a write that is under way are stale for a moment, and right soon after: so they are left alone for a while. */
const SETTLING_MS = 5_000;

/** Items whose stored vectors were seen not to be those of their record, until somebody sees to them. */
export class StaleItems {
  readonly #items = new Map<string, { readonly id: ItemId; readonly seenAt: number }>();
  #characters = 0;

  /** Adds items that are not there yet, while there is room. */
  add(ids: readonly ItemId[], now = Date.now()): void {
    for (const { namespace, key } of ids) {
      const text = idText({ namespace, key });
      if (this.#items.has(text) || this.#items.size >= MOST || this.#characters + text.length > MOST_CHARACTERS) continue;
      this.#characters += text.length;
      this.#items.set(text, { id: { namespace, key }, seenAt: now });
    }
  }

  /** Takes out those that were seen long enough before `now`, or all. */
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
