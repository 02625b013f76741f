import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { expect, test } from "vitest";

const index = { dims: 64, embeddings: new HashEmbeddings() };

test("a local file rejects index.next and reindex with the way to another model", async () => {
  await expect(ScyllaDBStore.embedded({ path: ":memory:", index: { ...index, next: index } })).rejects.toMatchObject({
    code: "CONFIGURATION",
    message: expect.stringMatching(/index\.next.*import them into another file/s) as string,
  });
  await using store = await ScyllaDBStore.embedded({ path: ":memory:", index });
  await expect(store.reindex()).rejects.toMatchObject({ code: "CONFIGURATION", message: expect.stringContaining("import them into another file") as string });
});
