import { ScyllaDBStore } from "langgraph-store-scylladb";
import { LOCAL_EMBEDDINGS_DIMS, LocalEmbeddings } from "langgraph-store-scylladb/local-embeddings";

export async function main() {
  const index = { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] };
  const store = await ScyllaDBStore.embedded({ path: ":memory:", index });
  await store.put(["a"], "tea", { text: "Mia drinks green tea" });
  await store.put(["a"], "sport", { text: "Zoltan plays chess" });
  const [best] = await store.search(["a"], { query: "Which drinks does she like?" });
  await store.stop();
  if (best?.key !== "tea") throw new Error("wrong: search by meaning");
  console.log("PASSED local");
}

main();
