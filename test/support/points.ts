import type { ItemId } from "../../src/model/item.ts";
import type { VectorPoint } from "../../src/ports/vector-index.ts";

/** Returns an id with defaults for fields that do not matter to the test. */
export function itemId(id: Partial<ItemId>): ItemId {
  return { namespace: "ns", key: "k", ...id };
}

/** Returns a point with defaults for fields that do not matter to the test. */
export function pointOf(point: Partial<VectorPoint> & Pick<VectorPoint, "vectors">): VectorPoint {
  return { ...itemId(point), version: 1, writeId: "w", termWeights: null, value: {}, expiresAt: null, ...point };
}
