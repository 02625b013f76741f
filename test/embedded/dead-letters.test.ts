/** Dead-lettered intents: counted, reported once, kept, and completed after their cause is fixed. */
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { expect, test } from "vitest";

/** A provider that rejects one word, as a content policy does. */
class ChoosyEmbeddings extends HashEmbeddings {
  isChoosy = true;

  protected override vectorOf(text: string): number[] {
    if (this.isChoosy && text.includes("refused")) throw Object.assign(new Error("content policy"), { status: 400 });
    return super.vectorOf(text);
  }
}

test("an intent whose text the provider rejects is dead-lettered after some attempts, and is not lost", async () => {
  const embeddings = new ChoosyEmbeddings();
  await using store = await ScyllaDBStore.embedded({
    path: ":memory:",
    index: { dims: embeddings.dims, embeddings, fields: ["text"] },
    embeddingFailure: "store-unindexed",
    reconcile: { flushMs: 0 },
  });
  const heard: string[] = [];
  store.on("intent-dead", ({ cause }) => heard.push(cause));
  await store.put(["a"], "bad", { text: "a refused word" });
  await store.put(["a"], "good", { text: "a welcome word" });
  for (let look = 1; look <= 4; look += 1) expect(await store.reconcile()).toMatchObject({ failed: 1, deadLettered: 0 });
  for (let look = 5; look <= 7; look += 1) expect(await store.reconcile()).toMatchObject({ failed: 1, deadLettered: 1 });
  expect(heard).toEqual([expect.stringContaining("rejected a text of 14 characters")]);
  const health = await store.health();
  expect([health.status, health.backlog?.deadLettered, health.events["intent-dead"]]).toEqual(["degraded", 1, 1]);
  const found = await store.search(["a"], { query: "a word" });
  expect(found.map(({ key, score }) => [key, score !== undefined])).toEqual([["good", true], ["bad", false]]);
  embeddings.isChoosy = false;
  expect(await store.reconcile()).toMatchObject({ settled: 1, failed: 0, deadLettered: 0 });
  expect(await store.health()).toMatchObject({ status: "ok", backlog: { intents: 0, deadLettered: 0 } });
  const after = await store.search(["a"], { query: "a word" });
  expect(after.every(({ score }) => score !== undefined)).toBe(true);
});
