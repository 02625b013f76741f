/** Imports the entries and starts nothing: the process must end by itself, at once. */
import "langgraph-store-scylladb";
import "langgraph-store-scylladb/local-embeddings";
import "langgraph-store-scylladb/tools";
import "langgraph-store-scylladb/mcp";

console.log("PASSED cold", process.getActiveResourcesInfo?.().filter((name) => !/Pipe|TTY|FSReq/.test(name)).length ?? 0);
