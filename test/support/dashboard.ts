/** The dashboard of ops/grafana with its Prometheus queries. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OPS_FOLDER } from "../servers/prometheus.ts";

/** A panel with its queries, before variables are replaced. */
export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: "row" | "timeseries" | "stat";
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string; readonly datasource: { readonly uid: string } }[];
}

/** The dashboard. */
export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

/** Reads ops/grafana/dashboard.json. */
export async function readDashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(join(OPS_FOLDER, "grafana", "dashboard.json"), "utf8")) as Dashboard;
}

/** Returns a query with its variables replaced, as Grafana does if everything is selected. */
export function filledIn(expr: string, rateInterval: string): string {
  const query = expr.replaceAll("$__rate_interval", rateInterval).replaceAll(/\$(?:job|instance)\b/g, ".*");
  if (query.includes("$")) throw new Error(`a variable that nothing fills in: ${query}`);
  return query;
}
