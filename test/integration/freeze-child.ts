/** A function instance on servers that waits for calls between which it may be frozen: one line of standard input is one call. */
import { createInterface } from "node:readline";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";

const store = await ScyllaDBStore.connect({
  ...(JSON.parse(process.argv[2] ?? "") as ScyllaDBStoreConfig),
  index: { dims: 2, fields: ["line"], embeddings: { embedQuery: () => Promise.resolve([1, 2]), embedDocuments: (texts) => Promise.resolve(texts.map(() => [1, 2])) } },
});
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  await store.put(["calls"], line, { line });
  const item = await store.get(["calls"], line);
  console.log(String(item?.value["line"]));
}
await store.stop();
console.log("stopped");
