/** Prometheus and Alertmanager as servers of tests, with the configuration of ops/. */
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { freePort } from "./free-port.ts";
import { LocalServer } from "./local-server.ts";
import { installPrometheus } from "./prometheus-install.ts";

/** Where the repository keeps what is for operators. */
export const OPS_FOLDER = fileURLToPath(new URL("../../ops", import.meta.url));

/** What a query answers with: its series, each with its labels and its samples (time in seconds, value as text). */
export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** An alert, as Prometheus shows it. */
export interface ActiveAlert {
  readonly state: "pending" | "firing";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Options of {@link startPrometheus}. */
export interface PrometheusOptions {
  /** Targets by job, "127.0.0.1:9464"; jobs of ops/prometheus/prometheus.yml that are not named are left out. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  /** An Alertmanager's "host:port". Default: alerts are not sent. */
  readonly alertmanager?: string;
  /** Interval of scrapes and rule evaluations. Default: as configured. */
  readonly intervalSeconds?: number;
}

interface PrometheusConfig {
  global: Record<string, string>;
  readonly rule_files: string[];
  alerting?: unknown;
  scrape_configs: { readonly job_name: string; readonly static_configs: readonly unknown[] }[];
}

/** A Prometheus of this process, with the rules of ops/prometheus/rules.yml. */
export class LocalPrometheus extends LocalServer {
  /** Base address: "http://127.0.0.1:20300". */
  readonly url: string;

  /** Used by {@link startPrometheus}. */
  constructor(program: string, folder: string, port: number) {
    const url = `http://127.0.0.1:${port}`;
    const data = join(folder, "data");
    const args = [`--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${port}`];
    super({
      command: { name: `Prometheus at ${url}`, file: program, args, folder, logFile: join(folder, "server.log") },
      dataFolder: data,
      ready: () => answers(`${url}/-/ready`),
    });
    this.url = url;
  }

  /**
   * Asks for what a query said in the past.
   *
   * @param start - seconds since the epoch, as is `end`
   * @param step - seconds
   * @throws Error with what Prometheus said where it refuses the query
   */
  async queryRange(query: string, start: number, end: number, step: number): Promise<QueryResult[]> {
    const data = await this.#get("query_range", { query, start: String(start), end: String(end), step: String(step) });
    return (data as { result: QueryResult[] }).result;
  }

  /** Asks for what a query says now; each series has one sample. */
  async query(query: string): Promise<QueryResult[]> {
    const { result } = (await this.#get("query", { query })) as { result: { metric: Record<string, string>; value: [number, string] }[] };
    return result.map(({ metric, value }) => ({ metric, values: [value] }));
  }

  /** Alerts that are pending or fire. */
  async alerts(): Promise<ActiveAlert[]> {
    return ((await this.#get("alerts", {})) as { alerts: ActiveAlert[] }).alerts;
  }

  async #get(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const body = (await response.json()) as { status: string; error?: string; data: unknown };
    if (body.status !== "success") throw new Error(`Prometheus refused ${path} ${JSON.stringify(parameters)}: ${body.error}`);
    return body.data;
  }
}

/** An Alertmanager of this process, with the routes of ops/alertmanager/config.yml. */
export class LocalAlertmanager extends LocalServer {
  /** "127.0.0.1:20301". */
  readonly address: string;

  /** Used by {@link startAlertmanager}. */
  constructor(program: string, folder: string, port: number) {
    const address = `127.0.0.1:${port}`;
    const data = join(folder, "data");
    const config = `--config.file=${join(folder, "config.yml")}`;
    const args = [config, `--storage.path=${data}`, `--web.listen-address=${address}`, "--cluster.listen-address="];
    super({
      command: { name: `Alertmanager at ${address}`, file: program, args, folder, logFile: join(folder, "server.log") },
      dataFolder: data,
      ready: () => answers(`http://${address}/-/ready`),
    });
    this.address = address;
  }
}

/** Starts a Prometheus of its own, and waits until it answers. */
export async function startPrometheus(options: PrometheusOptions): Promise<LocalPrometheus> {
  const { prometheus } = await programs();
  const folder = await emptyFolder("prometheus-");
  await writeFile(join(folder, "prometheus.yml"), await prometheusConfig(options));
  return started(new LocalPrometheus(prometheus, folder, await freePort()));
}

/**
 * Starts an Alertmanager of its own, and waits until it answers.
 *
 * @param receiver - base address for all receivers, each at its name: `${receiver}/pagerduty`
 */
export async function startAlertmanager(receiver: string): Promise<LocalAlertmanager> {
  const { alertmanager, templates } = await programs();
  const folder = await emptyFolder("alertmanager-");
  for (const file of templates) await copyFile(file, join(folder, basename(file)));
  await writeFile(join(folder, "config.yml"), await alertmanagerConfig(receiver));
  return started(new LocalAlertmanager(alertmanager, folder, await freePort()));
}

// YAML reads JSON.
async function prometheusConfig({ targets, alertmanager, intervalSeconds }: PrometheusOptions): Promise<string> {
  const config = parse(await readFile(join(OPS_FOLDER, "prometheus", "prometheus.yml"), "utf8")) as PrometheusConfig;
  const every = `${intervalSeconds}s`;
  return JSON.stringify({
    ...config,
    ...(intervalSeconds === undefined ? {} : { global: { scrape_interval: every, evaluation_interval: every } }),
    rule_files: config.rule_files.map((file) => join(OPS_FOLDER, "prometheus", file)),
    alerting: { alertmanagers: alertmanager === undefined ? [] : [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: config.scrape_configs
      .filter(({ job_name: job }) => targets[job] !== undefined)
      .map((job) => ({ ...job, static_configs: [{ targets: targets[job.job_name] }] })),
  });
}

// Routes and inhibitions are those of production. Only the addresses and delays of the receivers differ.
async function alertmanagerConfig(receiver: string): Promise<string> {
  const config = parse(await readFile(join(OPS_FOLDER, "alertmanager", "config.yml"), "utf8")) as {
    route: object;
    inhibit_rules: unknown;
    receivers: { name: string }[];
  };
  return JSON.stringify({
    route: { ...config.route, group_wait: "1s", group_interval: "2s" },
    inhibit_rules: config.inhibit_rules,
    receivers: config.receivers.map(({ name }) => ({ name, webhook_configs: [{ url: `${receiver}/${name}`, send_resolved: true }] })),
  });
}

async function programs(): ReturnType<typeof installPrometheus> {
  return installPrometheus(process.env, (line) => process.stderr.write(`${line}\n`));
}

async function emptyFolder(prefix: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  await mkdir(join(folder, "data"));
  return folder;
}

async function started<Server extends LocalServer>(server: Server): Promise<Server> {
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Not listening yet, or listening and not answering: either way "not now", and the caller's deadline counts.
    return false;
  }
}
