/** Draws the dashboard as SVG: the panels at Grafana's positions, with data from Prometheus. */
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { LocalPrometheus, QueryResult } from "../servers/prometheus.ts";
import { filledIn, type Dashboard, type Panel } from "./dashboard.ts";

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** Time range of the picture in seconds since the epoch, and its step. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  /** Window of the rates, as Prometheus writes it: "10s". */
  readonly rateInterval: string;
}

interface Line {
  readonly name: string;
  readonly values: QueryResult["values"];
}

const COLUMN = 60;
const ROW = 26;
const GAP = 6;
const INK = "#3a3f47";

/** Runs each query of each panel and returns the results as SVG. */
export async function dashboardPicture(dashboard: Dashboard, prometheus: LocalPrometheus, span: Span): Promise<string> {
  const drawn: string[] = [];
  for (const panel of dashboard.panels) drawn.push(await panelPicture(panel, prometheus, span));
  const rows = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
  const [width, height] = [24 * COLUMN, rows * ROW];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    `<rect width="100%" height="100%" fill="#f4f5f7"/>`,
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

async function panelPicture(panel: Panel, prometheus: LocalPrometheus, span: Span): Promise<string> {
  const { x, y, w, h } = panel.gridPos;
  const [left, top, width, height] = [x * COLUMN + GAP / 2, y * ROW + GAP / 2, w * COLUMN - GAP, h * ROW - GAP];
  if (panel.type === "row") {
    return `<text x="${left + 4}" y="${top + 15}" font-size="15" font-weight="bold" fill="${INK}">${panel.title}</text>`;
  }
  const lines = await answers(panel, prometheus, span);
  const inner = panel.type === "stat" ? statPicture(panel, lines, width, height) : linesPicture(panel, lines, { span, width, height });
  return `<svg x="${left}" y="${top}" width="${width}" height="${height}">${inner}</svg>`;
}

async function answers({ targets = [] }: Panel, prometheus: LocalPrometheus, span: Span): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { expr, legendFormat } of targets) {
    const series = await prometheus.queryRange(filledIn(expr, span.rateInterval), span.start, span.end, span.step);
    for (const { metric, values } of series) lines.push({ name: legend(legendFormat, metric), values });
  }
  return lines;
}

// As Grafana fills in a legend; series without the label say so (a successful operation has no code).
function legend(format: string, labels: QueryResult["metric"]): string {
  return format.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "–");
}

function linesPicture(panel: Panel, lines: readonly Line[], { span, width, height }: { span: Span; width: number; height: number }): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  const unit = panel.fieldConfig?.defaults.unit ?? "short";
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: panel.title, left: 8, top: 6, textStyle: { fontSize: 12, color: INK } },
    legend: { type: "plain", bottom: 2, left: 8, itemWidth: 12, itemHeight: 6, itemGap: 8, textStyle: { fontSize: 9, color: INK } },
    grid: { left: 52, right: 14, top: 32, bottom: 52 },
    xAxis: {
      type: "value",
      min: 0,
      max: Math.round(span.end - span.start),
      axisLabel: { fontSize: 9, formatter: (seconds: number) => `${seconds} s` },
    },
    yAxis: { type: "value", min: 0, axisLabel: { fontSize: 9, formatter: (value: number) => inUnit(value, unit) } },
    series: lines.map(({ name, values }) => ({
      type: "line",
      name,
      showSymbol: false,
      lineStyle: { width: 1.3 },
      data: values.map(([time, value]) => [rounded(time - span.start), rounded(Number(value))]),
    })),
  });
  const picture = chart.renderToSVGString();
  chart.dispose();
  return picture;
}

function statPicture({ title }: Panel, lines: readonly Line[], width: number, height: number): string {
  const last = lines[0]?.values.at(-1)?.[1] ?? "–";
  return [
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="10" y="20" font-size="12" font-weight="bold" fill="${INK}">${title}</text>`,
    `<text x="${width / 2}" y="${height / 2 + 20}" font-size="44" text-anchor="middle" fill="${INK}">${last}</text>`,
  ].join("");
}

function inUnit(value: number, unit: string): string {
  if (unit === "s") return value >= 1 ? `${value} s` : `${rounded(value * 1_000)} ms`;
  if (unit === "percentunit") return `${rounded(value * 100)} %`;
  if (unit === "bytes" || unit === "Bps") return `${value >= 1_024 ? `${rounded(value / 1_024)} Ki` : value} B${unit === "Bps" ? "/s" : ""}`;
  return unit === "ops" ? `${value}/s` : String(value);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
