import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { METRICS, prometheusName } from "../../src/telemetry/names.ts";
import { freePort } from "../servers/free-port.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/metrics/serve.ts", import.meta.url));
const USE_SOURCES = new URL("../support/use-sources.ts", import.meta.url).href;

/** Metrics of a store without a CQL cluster, an outage or a limit. */
const SHOWN = [
  "operationDuration",
  "operationsInFlight",
  "valueSize",
  "databaseDuration",
  "embeddingDuration",
  "embeddingTexts",
  "embeddingCacheEntries",
  "groupSize",
  "vectorSyncDuration",
  "intentsPending",
  "intentsOverdue",
  "breakerState",
  "vectorsComplete",
] as const;

test("examples/metrics serves exactly the metrics of the table to Prometheus", async () => {
  const port = await freePort();
  const example = spawn(process.execPath, ["--import", USE_SOURCES, EXAMPLE, "--port", String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = (await once(createInterface({ input: example.stdout }), "line")) as [string];
    const answer = await fetch(line);
    const text = await answer.text();
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? "").filter((name) => name !== "target_info");
    const known = Object.values(METRICS).map(prometheusName);
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(SHOWN.map((name) => prometheusName(METRICS[name]))));
    expect(text).toMatch(/langgraph_store_operation_duration_bucket\{[^}]*langgraph_store_operation="put"[^}]*le="0.1"[^}]*\} [1-9]/);
    expect(text).not.toContain('"ann"');
  } finally {
    example.kill("SIGTERM");
  }
  const [code] = (await once(example, "exit")) as [number | null];
  expect(code).toBe(0);
});
