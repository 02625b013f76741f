/** An erasure that a change of the index overtakes. */
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, expect, test, vi } from "vitest";
import { SqliteItemRepository } from "../../src/backends/sqlite/item-repository.ts";
import { PATIENT } from "../support/patient.ts";

afterEach(() => vi.restoreAllMocks());

test("a cleanup that begins during an erasure makes it fail with what was erased, as vectors of the removed generation may be left", async () => {
  // Before the store is composed, which binds the methods.
  const scan = vi.spyOn(SqliteItemRepository.prototype, "scan");
  const next = { dims: 32, embeddings: new HashEmbeddings({ dims: 32 }), model: "new" };
  const index = { dims: 64, embeddings: new HashEmbeddings({ dims: 64 }), model: "old", fields: ["text"], next };
  await using store = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index });
  await store.batch(Array.from({ length: 5 }, (_, i) => ({ namespace: ["mia"], key: `k${i}`, value: { text: `tea ${i}` } })));
  await store.reindex();
  let removing: Promise<unknown> = Promise.resolve();
  scan.mockImplementationOnce(async function (this: SqliteItemRepository, ...args) {
    removing = store.reindexCleanup();
    await expect.poll(() => store.reindexStatus().then(({ previous }) => previous)).toBeNull();
    return this.scan(...args);
  });
  await expect(store.erase({ prefix: ["mia"] })).rejects.toMatchObject({
    code: "CONFIGURATION",
    message: expect.stringMatching(/^5 items were erased.*reindex cleanup/) as string,
  });
  await removing;
  expect(await store.erase({ prefix: ["mia"] })).toMatchObject({ complete: true });
});
