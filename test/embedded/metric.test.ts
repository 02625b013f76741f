import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { metricUse } from "../support/metric-use.ts";
import { PATIENT } from "../support/patient.ts";

metricUse("one local file", () => {
  const folder = mkdtempSync(join(tmpdir(), "metric-"));
  return {
    open: (options) => ScyllaDBStore.embedded({ limits: PATIENT, ...options, path: join(folder, "store.db") }),
    dispose: async () => rmSync(folder, { recursive: true }),
  };
});
