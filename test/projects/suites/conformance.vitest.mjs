import { ScyllaDBStore } from "langgraph-store-scylladb";
import { storeConformance } from "langgraph-store-scylladb/testing";
import { expect, test } from "vitest";

test("the suite runs on the runtime under test", () => {
  const { RUNTIME: runtime } = process.env;
  if (runtime) expect(Object.keys(process.versions)).toContain(runtime);
});

storeConformance({
  name: "ScyllaDBStore on one local file",
  create: async (options) => {
    const store = await ScyllaDBStore.embedded({ ...options, path: ":memory:" });
    return { store, dispose: () => store.stop() };
  },
  claims: { batchOutcomes: true, cursor: true },
});
