/** The distance metric of a store: scores, `minScore`, and a start with another metric. */
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SchemaError, type EmbeddedStoreConfig, type ScyllaDBStore } from "langgraph-store-scylladb";
import { describe, test } from "vitest";
import type { DistanceMetric } from "../../src/model/distance-metric.ts";
import { FixedEmbeddings } from "./fixed-embeddings.ts";
import { uniqueName } from "./stores.ts";

/** A place that stores with different configurations can open, one after another. */
export interface MetricPlace {
  open(options: Omit<EmbeddedStoreConfig, "path">): Promise<ScyllaDBStore>;
  dispose(): Promise<void>;
}

const VECTORS: Readonly<Record<string, readonly number[]>> = { query: [1, 0], near: [2, 1], long: [30, 30], opposite: [-1, 0] };

const index = (metric?: DistanceMetric) => ({
  index: { dims: 2, embeddings: new FixedEmbeddings(VECTORS), fields: ["text"], ...(metric === undefined ? {} : { metric }) },
});

/** Scores of the items, best first. */
const EXPECTED: Readonly<Record<DistanceMetric, readonly (readonly [key: string, score: number])[]>> = {
  cosine: [["near", 0.894427], ["long", 0.707107], ["opposite", -1]],
  dot: [["long", 30], ["near", 2], ["opposite", -1]],
  euclid: [["near", 0.414214], ["opposite", 0.333333], ["long", 0.023405]],
};

/** Scores of items whose vectors are very long or very short, best first. */
const EXTREME = {
  dot: { query: [["long", 1e15], ["small", 3], ["tiny", 0]], faint: [["long", 0.00001], ["small", 0], ["tiny", 0]] },
  euclid: { query: [["tiny", 0.5], ["small", 0.33333], ["long", 0]], faint: [["tiny", 1], ["small", 0.25], ["long", 0]] },
};

/** Registers the tests for one backend. They run at the same time, as each opens its own stores. */
export function metricUse(name: string, createPlace: () => MetricPlace): void {
  describe(`distance metric, ${name}`, () => {
    test.concurrent.for(["cosine", "dot", "euclid"] as const)("search ranks by %s, higher scores are better, and minScore includes its own value", async (metric, { expect }) => {
      const place = createPlace();
      try {
        const store = await place.open(index(metric));
        for (const text of ["near", "long", "opposite"]) await store.put(["m"], text, { text });
        const found = await store.search(["m"], { query: "query" });
        expect(found.map(({ key, score }) => [key, score])).toEqual(EXPECTED[metric]);
        const minScore = EXPECTED[metric][1]?.[1] as number;
        const good = await store.search(["m"], { query: "query", minScore });
        expect(good.map(({ key }) => key)).toEqual(EXPECTED[metric].slice(0, 2).map(([key]) => key));
        const hybrid = await store.search(["m"], { query: "query", mode: "hybrid" });
        expect(hybrid.map(({ key }) => key)).toEqual(EXPECTED[metric].map(([key]) => key));
        await store.stop();
      } finally {
        await place.dispose();
      }
    });

    test.concurrent.for(["dot", "euclid"] as const)("by %s, very long and very short vectors keep their lengths, and one that is too long is rejected", async (metric, { expect }) => {
      const place = createPlace();
      try {
        const vectors = { query: [1, 0], faint: [1e-20, 0], long: [1e15, 0], small: [3, 0], tiny: [1e-20, 0], "too long": [1e20, 0] };
        const store = await place.open({ index: { ...index(metric).index, embeddings: new FixedEmbeddings(vectors) } });
        for (const text of ["long", "small", "tiny"]) await store.put(["m"], text, { text });
        const scoresOf = async (query: string): Promise<unknown> => (await store.search(["m"], { query })).map(({ key, score = NaN }) => [key, Number(score.toPrecision(5))]);
        expect(await scoresOf("query")).toEqual(EXTREME[metric].query);
        expect(await scoresOf("faint")).toEqual(EXTREME[metric].faint);
        const tooLong = { name: "EmbeddingError", message: expect.stringMatching(/beyond 1e\+15.*index\.metric/) as string };
        await expect(store.put(["m"], "too long", { text: "too long" })).rejects.toMatchObject(tooLong);
        await expect(store.search(["m"], { query: "too long" })).rejects.toMatchObject(tooLong);
        expect(await store.get(["m"], "too long")).toBeNull();
        await store.stop();
      } finally {
        await place.dispose();
      }
    });

    test.concurrent("items move to another model, other dimensions and another metric by an export and an import", async ({ expect }) => {
      const [before, after] = [createPlace(), createPlace()];
      const file = join(tmpdir(), `${uniqueName("items")}.jsonl`);
      try {
        const old = await before.open(index("cosine"));
        for (const text of ["near", "long", "opposite"]) await old.put(["m"], text, { text });
        const created = (await old.get(["m"], "near"))?.createdAt;
        await old.exportTo(file);
        const inThree = Object.fromEntries(Object.entries(VECTORS).map(([text, vector]) => [text, [...vector, 0]]));
        const next = await after.open({ index: { ...index("dot").index, dims: 3, model: "other", embeddings: new FixedEmbeddings(inThree) } });
        await next.importFrom(file);
        expect((await next.search(["m"], { query: "query" })).map(({ key, score }) => [key, score])).toEqual(EXPECTED.dot);
        expect((await next.get(["m"], "near"))?.createdAt).toEqual(created);
        expect((await old.search(["m"], { query: "query" })).map(({ key, score }) => [key, score])).toEqual(EXPECTED.cosine);
        await Promise.all([old.stop(), next.stop()]);
      } finally {
        await rm(file, { force: true });
        await Promise.all([before.dispose(), after.dispose()]);
      }
    });

    test.concurrent("a start with another metric than the stored one is rejected with both metrics and the fix, and the store keeps working", async ({ expect }) => {
      const place = createPlace();
      try {
        const first = await place.open(index("dot"));
        await first.put(["m"], "near", { text: "near" });
        await first.stop();
        for (const other of ["euclid", "cosine", undefined] as const) {
          const refused = place.open(index(other));
          await expect(refused).rejects.toBeInstanceOf(SchemaError);
          await expect(refused).rejects.toThrow(/"metric":"dot"/);
          await expect(refused).rejects.toThrow(/index\.next.*scylladb-store reindex/);
        }
        const again = await place.open(index("dot"));
        expect((await again.search(["m"], { query: "query" })).map(({ score }) => score)).toEqual([2]);
        await again.stop();
      } finally {
        await place.dispose();
      }
    });
  });
}
