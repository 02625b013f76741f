/** Charts of the growth. */
import { init, use } from "echarts/core";
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
import type { Answered } from "./questions.ts";

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** The measurements at one size. */
export interface Step {
  readonly items: number;
  readonly loadedPerSec: number | null;
  readonly rssMb: number;
  /** Null if the servers' disks are not accessible. */
  readonly diskMb: number | null;
  readonly answers: readonly Answered[];
}

const WIDTH = 860;
const HEIGHT = 460;

/** Returns an SVG with the median latency of every call by number of items, on logarithmic axes. */
export function curves(steps: readonly Step[]): string {
  const names = steps[0]?.answers.map(({ question }) => question) ?? [];
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: "Median time of a call, by items in the store", left: "center" },
    legend: { bottom: 0 },
    grid: { left: 60, right: 30, top: 50, bottom: 90 },
    xAxis: { type: "log", name: "items", nameLocation: "middle", nameGap: 28, min: steps[0]?.items ?? 1 },
    yAxis: { type: "log", name: "ms" },
    series: names.map((name) => ({
      type: "line",
      name,
      data: steps.map(({ items, answers }) => [items, answers.find(({ question }) => question === name)?.p50Ms ?? null]),
    })),
  });
  const picture = chart.renderToSVGString();
  chart.dispose();
  return picture;
}

/** Returns the same data as a table. */
export function scaleTable(steps: readonly Step[]): string {
  const names = steps[0]?.answers.map(({ question }) => question) ?? [];
  const head = ["", ...steps.map(({ items }) => `${items.toLocaleString("en")} items`), "last / first"];
  const ms = (step: Step | undefined, name: string): number =>
    step?.answers.find(({ question }) => question === name)?.p50Ms ?? Number.NaN;
  const rows = names.map((name) => [
    `${name}, p50 ms`,
    ...steps.map((step) => ms(step, name).toPrecision(3)),
    `${(ms(steps.at(-1), name) / ms(steps[0], name)).toFixed(2)}×`,
  ]);
  const cells = (of: (step: Step) => number | null): string[] =>
    steps.map((step) => {
      const found = of(step);
      return found === null ? "–" : Math.round(found).toLocaleString("en");
    });
  rows.push(["loaded, items/s", ...cells(({ loadedPerSec }) => loadedPerSec), ""]);
  rows.push(["memory of our process, MB", ...cells(({ rssMb }) => rssMb), ""]);
  rows.push(["disk of the servers, MB", ...cells(({ diskMb }) => diskMb), ""]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
