/** Ports whose writes are shared among callers: what arrives while a group is written joins the next one. */
import { idText, type ItemId } from "../model/item.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import { GroupCommit, type Commit } from "./group-commit.ts";

/** Most items in one group of writes. */
const MAX_GROUP = 100;

/** A vector index whose upserts and removals are grouped. */
export function groupVectorWrites(vectors: VectorIndex): VectorIndex {
  const upserts = new GroupCommit(newestOfEach(vectors.upsert.bind(vectors)), { maxGroup: MAX_GROUP, maxInFlight: 2 });
  const removals = new GroupCommit(newestOfEach(vectors.remove.bind(vectors)), { maxGroup: MAX_GROUP, maxInFlight: 2 });
  return {
    upsert: (points) => upserts.add(points),
    remove: (points) => removals.add(points),
    query: (query) => vectors.query(query),
  };
}

/** An item repository whose puts are grouped; for a database in which a group costs little more than one write. */
export function groupItemWrites(items: ItemRepository): ItemRepository {
  const puts = new GroupCommit(newestOfEach(items.put.bind(items)), { maxGroup: MAX_GROUP, maxInFlight: 1 });
  return {
    get: (ids) => items.get(ids),
    put: (records) => puts.add(records),
    list: (query) => items.list(query),
    namespaces: (prefix) => items.namespaces(prefix),
  };
}

/**
 * Writes each id of a group once, at its greatest version, and gives every writer of that id the outcome: an older
 * write that was overtaken before it was sent is as good as one that was overwritten.
 */
function newestOfEach<In extends ItemId & { readonly version: number }>(commit: Commit<In, void>): Commit<In, void> {
  return async (inputs) => {
    const newest = new Map<string, In>();
    for (const input of inputs) {
      const other = newest.get(idText(input));
      if (other === undefined || other.version < input.version) newest.set(idText(input), input);
    }
    const positions = new Map([...newest.keys()].map((id, i) => [id, i]));
    const outcomes = await commit([...newest.values()]);
    return inputs.map((input) => outcomes[positions.get(idText(input)) ?? -1] as PromiseSettledResult<void>);
  };
}
