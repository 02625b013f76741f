import { ScyllaDBStore } from "langgraph-store-scylladb/embedded";
import { useFile } from "./use.mjs";

export async function main() {
  await useFile(ScyllaDBStore);
  console.log("PASSED embedded");
}

main();
