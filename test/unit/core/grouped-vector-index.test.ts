import { expect, test } from "vitest";
import { groupVectorWrites } from "../../../src/core/grouped-vector-index.ts";
import type { UpsertOutcome, VectorIndex, VectorPoint } from "../../../src/ports/vector-index.ts";

const unused = (): Promise<never> => Promise.reject(new Error("not used in this test"));

/** An index that keeps one point for each item, as the port requires. */
class OnePointIndex implements VectorIndex {
  readonly calls: string[][] = [];
  readonly #stored = new Map<string, { version: number; writeId: string }>();

  readonly remove = unused;
  readonly stored = unused;
  readonly vectorsOf = unused;
  readonly query = unused;
  readonly queryKeywords = unused;
  readonly queryBoth = unused;
  readonly scan = unused;
  readonly expired = unused;
  readonly renew = unused;

  async upsert(points: readonly VectorPoint[]): Promise<PromiseSettledResult<UpsertOutcome>[]> {
    this.calls.push(points.map(({ writeId }) => writeId));
    return points.map(({ key, version, writeId }) => {
      const stored = this.#stored.get(key);
      if (stored === undefined || stored.version < version) this.#stored.set(key, { version, writeId });
      const stands = this.#stored.get(key);
      const isRival = stands?.version === version && stands.writeId !== writeId;
      return { status: "fulfilled", value: isRival ? "contested" : "stored" };
    });
  }
}

test("a group writes only the newest version of an item; writes with equal timestamps have separate outcomes", async () => {
  const index = new OnePointIndex();
  const grouped = groupVectorWrites(index);
  const point = (key: string, version: number, writeId: string): VectorPoint => ({
    namespace: "a",
    key,
    version,
    writeId,
    vectors: [[1]],
    termWeights: null,
    value: {},
    expiresAt: null,
  });
  const points = [point("k", 1, "old"), point("k", 2, "first"), point("k", 2, "second"), point("other", 1, "x")];
  const outcomes = await Promise.all(points.map((each) => grouped.upsert([each])));
  const values = outcomes.map(([outcome]) => (outcome?.status === "fulfilled" ? outcome.value : outcome?.status));
  expect(values).toEqual(["stored", "stored", "contested", "stored"]);
  expect(index.calls).toEqual([["first", "x"], ["second"]]);
});
