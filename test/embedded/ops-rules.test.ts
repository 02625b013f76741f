/** The files for operators, checked by Prometheus's promtool and Alertmanager's amtool. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { alerts } from "../../src/config/options/alerts.ts";
import { ALERT_CONDITIONS, ALERT_SEVERITIES } from "../../src/ports/alerts.ts";
import { installPrometheus, type PrometheusPrograms } from "../servers/prometheus-install.ts";
import { OPS_FOLDER } from "../servers/prometheus.ts";
import { unknownWords } from "../support/metric-words.ts";

const run = promisify(execFile);

/** Conditions that only an observer outside the process can detect. */
const SEEN_FROM_OUTSIDE = ["no-metrics", "alert-delivery-failing"];

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels: { readonly severity: string; readonly condition: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

interface UnitTests {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
    readonly promql_expr_test?: readonly { readonly expr: string; readonly exp_samples: readonly unknown[] }[];
  }[];
}

const read = (...path: string[]): Promise<string> => readFile(join(OPS_FOLDER, ...path), "utf8");

let programs: PrometheusPrograms;
let rules: Rule[];

beforeAll(async () => {
  programs = await installPrometheus(process.env, (line) => process.stderr.write(`${line}\n`));
  const { groups } = parse(await read("prometheus", "rules.yml")) as { groups: { rules: Rule[] }[] };
  rules = groups.flatMap((group) => group.rules);
});

const alerting = (): Rule[] => rules.filter(({ alert }) => alert !== undefined);

describe("the rules of Prometheus", () => {
  it("pass promtool, with its unit tests", async () => {
    const folder = join(OPS_FOLDER, "prometheus");
    const checked = await run(programs.promtool, ["check", "config", "prometheus.yml"], { cwd: folder });
    expect(checked.stdout).toContain("prometheus.yml is valid");
    expect(checked.stdout).toContain(`${rules.length} rules found`);
    const { stdout } = await run(programs.promtool, ["test", "rules", "rules.test.yml"], { cwd: folder });
    expect(stdout).toContain("SUCCESS");
  });

  it("each have a unit test in which alerts fire and resolve, and records have a value", async () => {
    const { tests } = parse(await read("prometheus", "rules.test.yml")) as UnitTests;
    const looks = tests.flatMap((test) => test.alert_rule_test ?? []);
    const queries = tests.flatMap((test) => test.promql_expr_test ?? []);
    for (const { alert, record } of rules) {
      if (alert !== undefined) {
        const sizes = looks.filter(({ alertname }) => alertname === alert).map(({ exp_alerts: expected }) => expected.length);
        expect({ alert, fires: sizes.some((size) => size > 0), rests: sizes.includes(0) }).toEqual({ alert, fires: true, rests: true });
      } else {
        const values = queries.filter(({ expr }) => expr.includes(String(record))).flatMap(({ exp_samples: samples }) => samples);
        expect(values, record).not.toHaveLength(0);
      }
    }
  });

  it("use only names of the table of metrics", () => {
    expect(rules.flatMap(({ expr }) => unknownWords(expr))).toEqual([]);
    expect(unknownWords('sum(langgraph_store_puts{operation="x"}) + langgraph_store_operation_duration')).toEqual([
      "langgraph_store_puts",
      "langgraph_store_operation_duration",
    ]);
  });

  it("cover each in-process condition with the same severity", () => {
    const { conditions } = alerts.parse({ callback: () => undefined });
    const inProcess = Object.fromEntries(
      Object.entries(conditions).map(([name, { severity }]) => [name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), severity]),
    );
    const outside = Object.fromEntries(alerting().map(({ labels }) => [labels.condition, labels.severity]));
    for (const condition of ALERT_CONDITIONS) {
      expect({ condition, severity: outside[condition] }).toEqual({ condition, severity: inProcess[condition] });
    }
    expect(Object.keys(outside).filter((name) => !ALERT_CONDITIONS.some((condition) => condition === name))).toEqual(SEEN_FROM_OUTSIDE);
  });

  it("each name a section of the runbook", async () => {
    const runbook = await readFile(join(OPS_FOLDER, "..", "docs", "operations.md"), "utf8");
    const sections = new Map(
      runbook.split(/^#+ /m).map((section) => {
        const [heading = "", ...text] = section.split("\n");
        return [heading.toLowerCase().replaceAll(/[^a-z0-9 -]/g, "").replaceAll(" ", "-"), text.join("\n").trim()] as const;
      }),
    );
    for (const { labels, annotations } of alerting()) {
      expect(annotations.runbook_url).toBe(`docs/operations.md#${labels.condition}`);
      expect(sections.get(labels.condition)?.length, labels.condition).toBeGreaterThan(80);
      expect(runbook).toContain(`| [${labels.condition}](#${labels.condition}) | ${labels.severity} |`);
    }
    for (const [, anchor = ""] of runbook.matchAll(/\]\(#([a-z0-9-]+)\)/g)) expect([...sections.keys()]).toContain(anchor);
  });
});

describe("the configuration of Alertmanager", () => {
  const file = join(OPS_FOLDER, "alertmanager", "config.yml");

  it("passes amtool", async () => {
    const { stdout } = await run(programs.amtool, ["check-config", file]);
    expect(stdout).toContain("SUCCESS");
  });

  it("routes by severity, as the store does", async () => {
    const routed: Record<string, string> = {};
    for (const severity of ALERT_SEVERITIES) {
      const { stdout } = await run(programs.amtool, ["config", "routes", "test", `--config.file=${file}`, `severity=${severity}`]);
      routed[severity] = stdout.trim();
    }
    expect(routed).toEqual({ critical: "pagerduty", warning: "slack", degraded: "email" });
  });

  it("contains no secret", async () => {
    const text = await read("alertmanager", "config.yml");
    const secrets = [...text.matchAll(/^\s*-?\s*(\w*(?:key|url|password|token)\w*):/gm)].map(([, name]) => name);
    expect(secrets.filter((name) => name !== undefined && !name.endsWith("_file") && name !== "runbook_url")).toEqual([]);
    expect(secrets).toHaveLength(3);
  });
});
