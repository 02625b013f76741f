/** Files that development versions of this package wrote with the package `libsql`. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { expect, onTestFinished, test } from "vitest";
import { PATIENT } from "../support/patient.ts";

/** Written by `libsql` 0.5: five puts, one of them over another, and a delete. */
const FILE = new URL("./libsql-file.db.gz", import.meta.url);
const index = { dims: 8, embeddings: new HashEmbeddings({ dims: 8 }), fields: ["text", "title"] };

test("a file that was written with libsql opens with its items, vectors and namespaces, by several stores at once, and stays usable", async () => {
  const folder = await mkdtemp(join(tmpdir(), "libsql-file-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "store.db");
  await writeFile(path, gunzipSync(await readFile(FILE)));
  const stores = await Promise.all([1, 2].map(() => ScyllaDBStore.embedded({ path, limits: PATIENT, index })));
  for (const store of stores) {
    expect((await store.get(["users", "ada"], "tea"))?.value).toEqual({ text: "white tea at five", title: "habits" });
    expect(await store.get(["users", "bob", "notes"], "deleted")).toBeNull();
    expect(await store.listNamespaces()).toEqual([["users", "ada"], ["users", "bob", "notes"]]);
    const [best, second] = await store.search(["users"], { query: "white tea at five" });
    expect([best?.key, best?.score, second?.key]).toEqual(["tea", 1, "coffee"]);
  }
  const [first, second] = stores as [ScyllaDBStore, ScyllaDBStore];
  await first.put(["users", "ada"], "milk", { text: "no milk" });
  expect((await second.search(["users"], { query: "no milk" }))[0]?.key).toBe("milk");
  await Promise.all(stores.map((store) => store.stop()));
  const again = await ScyllaDBStore.embedded({ path, limits: PATIENT, index });
  expect((await again.search(["users"], { query: "no milk" })).map(({ key }) => key).sort()).toEqual(["coffee", "milk", "plain", "tea"]);
  await again.stop();
});
