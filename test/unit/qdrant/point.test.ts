import { v5 } from "@langchain/core/utils/uuid";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inWholeNumbers, pointId } from "../../../src/backends/qdrant/point.ts";
import { idText } from "../../../src/model/item.ts";

function cosine(a: readonly number[], b: readonly number[]): number {
  const unit = (v: readonly number[]): number[] => {
    const largest = Math.max(...v.map(Math.abs));
    const scaled = v.map((x) => x / largest);
    const length = Math.hypot(...scaled);
    return scaled.map((x) => x / length);
  };
  const other = unit(b);
  return unit(a).reduce((sum, x, i) => sum + x * (other[i] ?? 0), 0);
}

describe("a vector as integers", () => {
  test("keeps its direction for any length", () => {
    const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 64 });
    fc.assert(
      fc.property(numbers, fc.constantFrom(1e-200, 1e-20, 1, 1e20, 1e200), (vector, length) => {
        fc.pre(vector.some((x) => Math.abs(x) > 1e-6));
        const sent = inWholeNumbers(vector.map((x) => x * length));
        expect(sent.every(Number.isSafeInteger)).toBe(true);
        expect(cosine(vector, sent)).toBeGreaterThan(1 - 1e-12);
      }),
    );
  });

  test("is all zeros if it has no direction", () => {
    expect(inWholeNumbers([0, 0])).toEqual([0, 0]);
    expect(inWholeNumbers([5e-324, 0])).toEqual([0, 0]);
    expect(inWholeNumbers([-0, 0]).map(Math.abs)).toEqual([0, 0]);
  });
});

test("the id of a point is the UUIDv5 of the item's id", () => {
  const namespace = Buffer.from("6f1d7a529c584f0a8a0e3d5c1b7e2f94", "hex");
  expect(pointId({ namespace: "users.42", key: "likes" })).toBe("1188e7f0-eefe-51d3-8a95-2f3b8e8e7067");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (path, key) => {
      const id = { namespace: path, key };
      expect(pointId(id)).toBe(v5(idText(id), namespace));
    }),
  );
});
