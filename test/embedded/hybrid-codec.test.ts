/** Hybrid searches by a filter that the index cannot test, as a codec hides the values from it. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { aesGcmCodec, ScyllaDBStore, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";

const WORDS = ["tea", "milk", "gold", "river", "lamp", "stone", "bread", "cloud", "horse", "train"];

/** Items whose texts have one to eight words, the same for every store. */
const items = Array.from({ length: 300 }, (_, i) => {
  const text = Array.from({ length: 1 + (i % 8) }, (__, j) => WORDS[(i * 7 + j * j * 3 + (i >> 4)) % WORDS.length]).join(" ");
  return { namespace: ["a"], key: `k${i}`, value: { text, n: i % 3 } };
});

async function filled(codec?: EmbeddedStoreConfig["codec"]): Promise<ScyllaDBStore> {
  const index = { dims: 64, embeddings: new HashEmbeddings({ dims: 64 }), fields: ["text"], mode: "hybrid" as const, keyword: { language: "english" as const } };
  const store = await ScyllaDBStore.embedded({ path: ":memory:", logLevel: "error", index, ...(codec === undefined ? {} : { codec }) });
  await store.start();
  await store.batch(items);
  return store;
}

test("pages have the results and the scores of a store without a codec, each once", async () => {
  const stores = [await filled(), await filled(aesGcmCodec({ keys: { a: randomBytes(32) }, current: "a" }))];
  for (const query of ["tea milk", "stone", "river cloud train"]) {
    const [plain, sealed] = await Promise.all(
      stores.map(async (store) => {
        const found: (readonly [string, number | undefined])[] = [];
        for (let cursor: string | null | undefined; cursor !== null; ) {
          const page = await store.search(["a"], { query, filter: { n: 1 }, limit: 3, ...(cursor === undefined ? {} : { cursor }) });
          found.push(...page.map(({ key, score }) => [key, score] as const));
          cursor = found.length < 20 ? page.info.cursor : null;
        }
        return found;
      }),
    );
    expect(new Set(sealed?.map(([key]) => key)).size).toBe(sealed?.length);
    expect(sealed?.slice(0, 18), query).toEqual(plain?.slice(0, 18));
  }
  await Promise.all(stores.map((store) => store.stop()));
});
