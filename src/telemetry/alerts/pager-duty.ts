import type { AlertNotice, AlertSeverity } from "../../ports/alerts.ts";
import type { SecretText } from "../../ports/secrets.ts";
import { postJson } from "./post-json.ts";
import type { AlertSink } from "./sink.ts";

/** Options of PagerDuty. */
export interface PagerDutyOptions {
  readonly routingKey: SecretText;
  /** URL of the Events API v2. */
  readonly url: string;
}

/** PagerDuty's severities. */
const SEVERITIES: Readonly<Record<AlertSeverity, "critical" | "warning" | "info">> = {
  critical: "critical",
  warning: "warning",
  degraded: "info",
};

/** Longest summary that PagerDuty accepts. */
const MAX_SUMMARY = 1_024;

/** Opens and resolves incidents through PagerDuty's Events API v2. */
export class PagerDutySink implements AlertSink {
  readonly name = "PagerDuty";
  readonly #options: PagerDutyOptions;

  constructor(options: PagerDutyOptions) {
    this.#options = options;
  }

  async send(notice: AlertNotice, signal: AbortSignal): Promise<void> {
    const { routingKey, url } = this.#options;
    const key = (await routingKey.latest()).reveal();
    await postJson({ name: this.name, url, body: eventOf(notice, key), secrets: [key], signal });
  }
}

function eventOf(notice: AlertNotice, key: string): Record<string, unknown> {
  const { status, id, summary, source, severity, condition, subject, startedAt, endedAt, value, limit, runbook } = notice;
  return {
    routing_key: key,
    event_action: status === "firing" ? "trigger" : "resolve",
    dedup_key: id,
    client: "langgraph-store-scylladb",
    // PagerDuty accepts only URLs as links.
    ...(/^https?:\/\//.test(runbook) ? { links: [{ href: runbook, text: "What to do" }] } : {}),
    payload: {
      summary: summary.slice(0, MAX_SUMMARY),
      source,
      severity: SEVERITIES[severity],
      timestamp: endedAt ?? startedAt,
      component: subject ?? "store",
      group: "langgraph-store",
      class: condition,
      custom_details: { value, limit, started_at: startedAt, runbook },
    },
  };
}
