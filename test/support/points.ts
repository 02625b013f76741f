import type { ItemId } from "../../src/model/item.ts";
import type { VectorPoint } from "../../src/ports/vector-index.ts";

/** An id, with defaults for what a test does not care about. */
export function itemId(id: Partial<ItemId>): ItemId {
  return { namespace: "ns", key: "k", ...id };
}

/** A point, with defaults for what a test does not care about. */
export function pointOf(point: Partial<VectorPoint> & Pick<VectorPoint, "vectors">): VectorPoint {
  return { ...itemId(point), version: 1, writeId: "w", value: {}, expiresAt: null, ...point };
}
