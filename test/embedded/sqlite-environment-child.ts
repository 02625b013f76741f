/**
 * A store on a local file in a process of its own, for tests that change the environment of the process:
 * `node sqlite-environment-child.ts <path> <big puts> [unprivileged]`. It puts big values until one fails or all are stored, continues at
 * a line of standard input with reads and a last put, and prints one line of JSON for each step.
 */
import { once } from "node:events";
import { ScyllaDBStore } from "../../src/index.ts";
import { isStoreError } from "../../src/model/errors.ts";

const [path = "", count = "0", user] = process.argv.slice(2);
const text = "x".repeat(200_000);

// Root may write everything.
if (user === "unprivileged" && process.getuid?.() === 0) {
  process.setgid?.(65_534);
  process.setuid?.(65_534);
}

function print(step: object): void {
  process.stdout.write(`${JSON.stringify(step)}\n`);
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T | null> {
  try {
    const result = await work();
    print({ name, ok: true });
    return result;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    print({ name, ok: false, code: error.code, retryable: error.retryable, message: error.message });
    return null;
  }
}

const store = await step("start", () => ScyllaDBStore.embedded({ path }));
if (store !== null) {
  let stored = 0;
  await step("puts", async () => {
    for (; stored < Number(count); stored += 1) await store.put(["a"], `${stored}`, { text });
  });
  print({ name: "stored", count: stored });
  if (Number(count) > 0) await once(process.stdin, "data");
  process.stdin.destroy();
  const missing: number[] = [];
  for (let n = 0; n < stored; n += 1) if ((await store.get(["a"], `${n}`)) === null) missing.push(n);
  print({ name: "missing", missing });
  await step("last put", () => store.put(["a"], "last", { text }));
  await step("stop", () => store.stop());
}
