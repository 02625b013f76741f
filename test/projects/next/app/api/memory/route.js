import { ScyllaDBStore } from "langgraph-store-scylladb";
import { LOCAL_EMBEDDINGS_DIMS, LocalEmbeddings } from "langgraph-store-scylladb/local-embeddings";
import { useFile, useServers } from "../../../use.mjs";

export const dynamic = "force-dynamic";

export async function GET(request) {
  if (new URL(request.url).searchParams.has("local")) {
    const index = { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] };
    const store = await ScyllaDBStore.embedded({ path: ":memory:", index });
    await store.put(["a"], "tea", { text: "Mia drinks green tea" });
    const [best] = await store.search(["a"], { query: "drinks" });
    await store.stop();
    return Response.json({ key: best?.key });
  }
  await useFile(ScyllaDBStore);
  await useServers(ScyllaDBStore);
  return new Response("PASSED next");
}
