import { ScyllaDBStore } from "langgraph-store-scylladb/servers";
import { useServers } from "./use.mjs";

export async function main() {
  await useServers(ScyllaDBStore);
  console.log("PASSED servers");
}

main();
