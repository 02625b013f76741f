import { ScyllaDBStore } from "langgraph-store-scylladb";
import { useFile, useServers } from "./use.mjs";

export async function main() {
  await useFile(ScyllaDBStore);
  await useServers(ScyllaDBStore);
  console.log("PASSED both");
}

main();
