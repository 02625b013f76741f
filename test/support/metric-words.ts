/** Names in Prometheus queries, compared with the table of names. */
import { ATTRIBUTES, METRICS, prometheusLabel, prometheusName, type Metric } from "../../src/telemetry/names.ts";

/** Series that Prometheus derives from a metric. */
function seriesOf(metric: Metric): string[] {
  const name = prometheusName(metric);
  return metric.instrument === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name];
}

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(METRICS).flatMap(seriesOf),
  ...Object.keys(ATTRIBUTES).map((name) => prometheusLabel(name as keyof typeof ATTRIBUTES)),
]);

/** Returns names of metrics and labels in a query that are not in the table, except recorded rules. */
export function unknownWords(query: string): string[] {
  const words = query.replaceAll(/"[^"]*"/g, "").match(/[a-zA-Z_:][a-zA-Z0-9_:]*/g) ?? [];
  return words.filter((word) => /^(langgraph_store|db_client|db_|error_|server_|gen_ai)/.test(word) && !KNOWN.has(word));
}

/** Returns the metrics of the table that a query uses. */
export function metricsIn(query: string): string[] {
  return Object.entries(METRICS)
    .filter(([, metric]) => seriesOf(metric).some((series) => new RegExp(`(?<![\\w:])${series}(?![\\w:])`).test(query)))
    .map(([key]) => key);
}
