/**
 * A process that works on local files: reads commands as lines of JSON, `[method, ...inputs]`, and prints the answer to each as
 * one line of JSON. Methods are `open(path)`, `put(key, text)`, `get(key)`, `list()` and `stop()`.
 */
import { createInterface } from "node:readline";
import { ScyllaDBStore } from "../../src/index.ts";
import { messageOf } from "../../src/model/errors.ts";

type Command = readonly ["open" | "get", string] | readonly ["put", string, string] | readonly ["list"] | readonly ["stop"];

const NAMESPACE = ["shared"];
let store: ScyllaDBStore | null = null;

async function run(command: Command): Promise<unknown> {
  if (command[0] === "open") {
    store = await ScyllaDBStore.embedded({ path: command[1] });
    return null;
  }
  if (store === null) throw new Error("no file is open");
  switch (command[0]) {
    case "put":
      return store.put(NAMESPACE, command[1], { text: command[2] });
    case "get":
      return (await store.get(NAMESPACE, command[1]))?.value["text"] ?? null;
    case "list":
      return (await store.search(NAMESPACE, { limit: 100 })).map(({ key }) => key);
    case "stop":
      return store.stop();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await run(JSON.parse(line) as Command).then(
    (value: unknown) => ({ value: value ?? null }),
    (error: unknown) => ({ error: messageOf(error) }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
