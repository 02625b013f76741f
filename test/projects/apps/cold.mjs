/** Imports entries and starts nothing: the process ends by itself, without a socket or a thread. */
import "langgraph-store-scylladb";
import "langgraph-store-scylladb/servers";
import "langgraph-store-scylladb/embedded";
import "langgraph-store-scylladb/local-embeddings";

const active = (process.getActiveResourcesInfo?.() ?? []).filter((name) => !/Pipe|TTY|FSReq/.test(name));
if (active.length > 0) throw new Error(`importing the package started ${active.join(", ")}`);
console.log("PASSED cold");
