/** Models that run in the process of the store are loaded when it starts. */
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { expect, test } from "vitest";
import { PATIENT } from "../support/patient.ts";

class LoadedEmbeddings extends HashEmbeddings {
  readonly events: string[] = [];
  readonly #failure: Error | null;

  constructor(failure: Error | null = null) {
    super({ dims: 16 });
    this.#failure = failure;
  }

  async warmUp(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (this.#failure !== null) throw this.#failure;
    this.events.push("loaded");
  }

  override embedDocuments(documents: string[]): Promise<number[][]> {
    this.events.push("embedded");
    return this.#failure === null ? super.embedDocuments(documents) : Promise.reject(this.#failure);
  }
}

const indexOf = (embeddings: LoadedEmbeddings) => ({ dims: 16, embeddings, fields: ["text"] });

test("a model that runs in this process is loaded before the first put, which has its time budget for itself", async () => {
  const embeddings = new LoadedEmbeddings();
  await using store = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index: indexOf(embeddings) });
  await store.put(["a"], "k", { text: "green tea" });
  expect(embeddings.events).toEqual(["loaded", "embedded"]);
});

test("a model that cannot be loaded does not fail the start: the first put says why", async () => {
  const embeddings = new LoadedEmbeddings(Object.assign(new Error("no file"), { code: "MODEL_MISSING" }));
  await using store = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, retry: { maxAttempts: 1 }, index: indexOf(embeddings) });
  await store.put(["a"], "unindexed", { text: "green tea" }, false);
  await expect(store.put(["a"], "k", { text: "green tea" })).rejects.toThrow("MODEL_MISSING");
});
