import { expect, test } from "vitest";
import { writtenPage } from "../../../scripts/telemetry-docs.ts";
import { ATTRIBUTES, METRICS, prometheusName, type Metric } from "../../../src/telemetry/names.ts";

test("docs/observability.md matches the table of names (to update: npm run docs:telemetry)", async () => {
  expect((await writtenPage()).isStale).toBe(false);
});

test("no metric has a namespace or key as a label, and names are unique", () => {
  const labels = Object.values(METRICS).flatMap((metric: Metric) => metric.labels.map((label) => ATTRIBUTES[label].name));
  expect(labels.filter((label) => /^langgraph\.store\.(namespace|key)\b/.test(label))).toEqual([]);
  const names = Object.values(METRICS).map(prometheusName);
  expect(new Set(names).size).toBe(names.length);
});
