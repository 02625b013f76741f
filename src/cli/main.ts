#!/usr/bin/env node
/** The program `langgraph-store-scylladb`, also installed as `scylladb-store`. */
import process from "node:process";
import { boundHeap } from "./heap.ts";

// Before the program is loaded into the heap. Not for `mcp`, a long-running server whose speed matters more.
if (process.argv[2] !== "mcp") boundHeap();

const abort = new AbortController();
for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  process.on(name, () => {
    // The second one ends the process at once.
    if (abort.signal.aborted) process.exit(code);
    abort.abort(new DOMException(`Interrupted by ${name === "SIGINT" ? "Ctrl-C" : name}.`, "AbortError"));
  });
}
// A reader such as `head` that has enough closes the pipe.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

// Not a top-level await, which the CommonJS build does not support.
void (async () => {
  const { runCli } = await import("./program.ts");
  process.exitCode = await runCli(process.argv.slice(2), {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    env: process.env,
    signal: abort.signal,
  });
  // A connection that is still being opened must not hold an interrupted command.
  if (abort.signal.aborted) process.exit();
})();
