import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { SqliteItemRepository } from "../../src/backends/sqlite/item-repository.ts";
import { LocalDatabase } from "../../src/backends/sqlite/local-database.ts";
import { toFailure, toStoreError } from "../../src/backends/sqlite/errors.ts";
import { SqliteVectorIndex } from "../../src/backends/sqlite/vector-index.ts";
import { WriteGroup } from "../../src/backends/sqlite/write-group.ts";
import type { DatabaseCalls } from "../../src/backends/sqlite/requests.ts";
import type { DistanceMetric } from "../../src/model/distance-metric.ts";
import { itemRepositorySuite } from "../../src/testing/item-repository-suite.ts";
import { vectorMetricSuite } from "../../src/testing/vector-index-metric.ts";
import { vectorIndexSuite } from "../../src/testing/vector-index-suite.ts";
import { present } from "../../src/testing/expectations.ts";

const DIMS = 16;

async function onThreads(now: () => number, metric: DistanceMetric = "cosine") {
  const directory = await mkdtemp(join(tmpdir(), "sqlite-ports-"));
  const backend = new SqliteBackend({ path: join(directory, "store.db"), dims: DIMS, metric, now });
  await backend.start();
  const dispose = async (): Promise<void> => {
    await backend.stop();
    await rm(directory, { recursive: true });
  };
  return { items: backend.items, index: present(backend.vectors), dispose };
}

/** The same SQL on this thread, which debuggers and the measuring of coverage see. */
async function onThisThread(now: () => number, metric: DistanceMetric = "cosine") {
  const directory = await mkdtemp(join(tmpdir(), "sqlite-ports-"));
  const path = join(directory, "store.db");
  const database = new LocalDatabase();
  database.answer("open", { path, durable: false, vectorCacheBytes: 1_000_000 });
  const calls: DatabaseCalls = {
    async call(name, request, deadline) {
      deadline?.throwIfOver("Working on the database file");
      try {
        return structuredClone(database.answer(name, structuredClone(request)));
      } catch (error) {
        throw toStoreError(toFailure(error), path);
      }
    },
  };
  const writes = new WriteGroup(calls, path, 10_000);
  const items = new SqliteItemRepository({ writer: calls, reads: calls, writes, callerReads: () => null, now });
  const dispose = async (): Promise<void> => {
    database.answer("close", null);
    await rm(directory, { recursive: true });
  };
  return { items, index: new SqliteVectorIndex({ database: calls, writes, shape: { dims: DIMS, metric }, now }), dispose };
}

for (const [where, open] of [["", onThreads], [" on the caller's thread", onThisThread]] as const) {
  itemRepositorySuite({
    name: `SqliteItemRepository${where}`,
    async create(now) {
      const { items, index, dispose } = await open(now);
      return { items, vectors: { index, dims: DIMS }, dispose };
    },
  });

  vectorIndexSuite({
    name: `SqliteVectorIndex${where}`,
    dims: DIMS,
    keywords: true,
    async create() {
      const { items, index, dispose } = await open(Date.now);
      return { vectors: index, items, dispose };
    },
  });

  vectorMetricSuite({
    name: `SqliteVectorIndex${where}`,
    dims: DIMS,
    async create(metric) {
      const { items, index, dispose } = await open(Date.now, metric);
      return { vectors: index, items, dispose };
    },
  });
}
