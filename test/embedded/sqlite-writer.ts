/**
 * A process of its own that writes to a local file, for the tests of several processes:
 * `node sqlite-writer.ts <path> <name> <count> [stop|idle]`. It puts `count` items of its own and the shared one, some at a
 * time, and prints the key of each as soon as its put is acknowledged. With "idle" it never stops the store.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { newWriteId, type ItemRecord } from "../../src/model/item.ts";
import { encodeValue } from "../../src/model/value-codec.ts";
import { isStoreError } from "../../src/model/errors.ts";

const CLIENTS = 10;
const [path = "", name = "", count = "0", end = "stop"] = process.argv.slice(2);

const backend = new SqliteBackend({ path, dims: 3 });
await backend.start();

let next = 0;
await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    while (next < Number(count)) {
      const n = (next += 1);
      const own = recordOf(`${name} ${n}`);
      const shared = recordOf("shared");
      await Promise.all([put(own), put(shared)]);
      await settled(backend.vectors?.upsert([{ ...own, vectors: [[1, n, 0]], termWeights: null, value: {} }]));
      process.stdout.write(`${own.key}\n`);
    }
  }),
);
if (end === "stop") await backend.stop();

/** Puts a record, and retries if another process kept the file locked for too long. */
async function put(record: ItemRecord): Promise<void> {
  for (;;) {
    try {
      return await settled(backend.items.put([record]));
    } catch (error) {
      if (!isStoreError(error) || !error.retryable) throw error;
      await sleep(10);
    }
  }
}

async function settled(outcomes: Promise<PromiseSettledResult<unknown>[]> | undefined): Promise<void> {
  for (const outcome of (await outcomes) ?? []) if (outcome.status === "rejected") throw outcome.reason;
}

function recordOf(key: string): ItemRecord {
  const version = Date.now() * 1000 + Math.floor(Math.random() * 1000);
  const value = encodeValue({ by: name, key }, { maxValueBytes: 10_000 });
  const common = { namespace: "processes", key, created: version, version, writeId: newWriteId() };
  return { ...common, index: undefined, vectorCount: 1, expiresAt: null, ttlMs: null, value };
}
