/**
 * Generates the tables of spans, attributes and metrics in `docs/observability.md` from `src/telemetry/names.ts`.
 *
 *     node scripts/telemetry-docs.ts          writes the tables
 *     node scripts/telemetry-docs.ts --check  fails if a table is not up to date
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ATTRIBUTES, METRICS, prometheusLabel, prometheusName, SPAN_EVENTS, SPANS, type Metric, type Named } from "../src/telemetry/names.ts";

const DOCS = fileURLToPath(new URL("../docs/observability.md", import.meta.url));

/** Returns the expected page, and whether the file is stale. */
export async function writtenPage(): Promise<{ readonly text: string; readonly isStale: boolean }> {
  const docs = await readFile(DOCS, "utf8");
  const text = Object.entries(SECTIONS).reduce((page, [name, lines]) => withSection(page, name, lines()), docs);
  return { text, isStale: text !== docs };
}

const SECTIONS: Readonly<Record<string, () => readonly string[]>> = {
  spans: () => table(["span", "what it is"], Object.values(SPANS).map(row)),
  events: () => table(["event of a span", "what it is"], Object.values(SPAN_EVENTS).map(row)),
  attributes: () => table(["attribute", "as a label in Prometheus", "what it is"], attributeRows()),
  metrics: () => table(["metric", "in Prometheus", "kind, unit", "labels", "what it is"], Object.values(METRICS).map(metricRow)),
};

function withSection(page: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name}: written by npm run docs:telemetry -->`, `<!-- end of ${name} -->`];
  const [before, rest] = page.split(begin);
  const [, after] = (rest ?? "").split(end);
  if (before === undefined || after === undefined) throw new Error(`docs/observability.md must contain ${begin} and ${end}`);
  return `${before}${begin}\n\n${lines.join("\n")}\n\n${end}${after}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)];
}

function row({ name, meaning }: Named): string[] {
  return [`\`${name}\``, meaning];
}

function attributeRows(): string[][] {
  const labels = new Set(Object.values(METRICS).flatMap((metric: Metric) => metric.labels));
  return Object.entries(ATTRIBUTES).map(([key, { name, meaning }]) => {
    const label = key as keyof typeof ATTRIBUTES;
    return [`\`${name}\``, labels.has(label) ? `\`${prometheusLabel(label)}\`` : "", meaning];
  });
}

function metricRow(metric: Metric): string[] {
  const labels = metric.labels.map((label) => `\`${ATTRIBUTES[label].name}\``).join(", ");
  const bounds = metric.buckets === undefined ? "" : ` Buckets: ${metric.buckets.map((bound) => bound.toLocaleString("en", { maximumFractionDigits: 4 })).join(", ")}.`;
  return [
    `\`${metric.name}\``,
    `\`${prometheusName(metric)}\``,
    `${metric.instrument}, ${metric.unit}`,
    metric.values === undefined ? labels : `${labels} (${metric.values})`,
    `${metric.meaning}${bounds}`,
  ];
}

async function main(): Promise<void> {
  const { text, isStale } = await writtenPage();
  if (!process.argv.includes("--check")) await writeFile(DOCS, text);
  else if (isStale) {
    console.error("docs/observability.md differs from src/telemetry/names.ts: run npm run docs:telemetry");
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
