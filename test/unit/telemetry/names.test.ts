import { expect, test } from "vitest";
import { writtenPage } from "../../../scripts/telemetry-docs.ts";
import { ATTRIBUTES, METRICS, prometheusName, type Metric } from "../../../src/telemetry/names.ts";

test("docs/observability.md is what the table of names says; else run: npm run docs:telemetry", async () => {
  expect((await writtenPage()).isStale).toBe(false);
});

test("no metric has a namespace or a key for a label, and no two have one name", () => {
  const labels = Object.values(METRICS).flatMap((metric: Metric) => metric.labels.map((label) => ATTRIBUTES[label].name));
  expect(labels.filter((label) => /^langgraph\.store\.(namespace|key)\b/.test(label))).toEqual([]);
  const names = Object.values(METRICS).map(prometheusName);
  expect(new Set(names).size).toBe(names.length);
});
