/** A vector index whose writes are shared among callers: what arrives while a group is written joins the next one. */
import { GroupCommit, type Commit, type GroupWatch } from "../concurrency/group-commit.ts";
import { idText, type ItemId } from "../model/item.ts";
import type { StoredPoint, VectorIndex, VectorPoint } from "../ports/vector-index.ts";

/** Points in one request: 5,700 points/s were written in groups of 100, 1,600 one by one. */
const GROUPS = { waitFor: "the vector index", maxGroup: 100, maxInFlight: 2, maxWaiting: 20_000 };

/** Who sees the groups. */
export interface VectorGroupWatches {
  readonly upserts: GroupWatch;
  readonly removals: GroupWatch;
}

/** Groups upserts, and removals. */
export function groupVectorWrites(vectors: VectorIndex, watches?: VectorGroupWatches): VectorIndex {
  const upserts = new GroupCommit(newestOfEach((points: readonly VectorPoint[], deadline) => vectors.upsert(points, undefined, deadline)), { ...GROUPS, watch: watches?.upserts });
  const removals = new GroupCommit(newestOfEach(vectors.remove.bind(vectors)), { ...GROUPS, watch: watches?.removals });
  return {
    // What goes over equal versions is seldom, and must not lend that to the others of its group.
    upsert: (points, options, deadline) => (options?.overEqual ? vectors.upsert(points, options, deadline) : upserts.add(points, deadline)),
    stored: (ids, deadline) => vectors.stored(ids, deadline),
    remove: (removed, deadline) => removals.add(removed, deadline),
    query: (query, deadline) => vectors.query(query, deadline),
    scan: (after, limit, deadline) => vectors.scan(after, limit, deadline),
    expired: (now, after, limit, deadline) => vectors.expired(now, after, limit, deadline),
    renew: (renewals, deadline) => vectors.renew(renewals, deadline),
  };
}

/**
 * Writes each id of a group once, at its greatest version, and gives every writer of that id the outcome: an older
 * write that was overtaken before it was sent is as good as one that was overwritten. Two of one instant are written one
 * after the other: which of them stands is not for the group to say.
 */
function newestOfEach<In extends ItemId & StoredPoint, Out>(commit: Commit<In, Out>): Commit<In, Out> {
  return async (inputs, deadline) => {
    const newest = new Map<string, In>();
    for (const input of inputs) {
      const other = newest.get(idText(input));
      if (other === undefined || other.version < input.version) newest.set(idText(input), input);
    }
    const rivals = inputs.filter((input) => {
      const other = newest.get(idText(input));
      return other?.version === input.version && other.writeId !== input.writeId;
    });
    const positions = new Map([...newest.keys()].map((id, i) => [id, i]));
    const outcomes = await commit([...newest.values()], deadline);
    const ofRivals = new Map<In, PromiseSettledResult<Out>>();
    for (const rival of rivals) ofRivals.set(rival, (await commit([rival], deadline))[0] as PromiseSettledResult<Out>);
    return inputs.map(
      (input) => ofRivals.get(input) ?? (outcomes[positions.get(idText(input)) ?? -1] as PromiseSettledResult<Out>),
    );
  };
}
