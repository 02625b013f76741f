import type { AlertNotice, AlertSeverity } from "../../ports/alerts.ts";
import type { SecretText } from "../../ports/secrets.ts";
import { postJson } from "./post-json.ts";
import type { AlertSink } from "./sink.ts";

/** How PagerDuty is reached. */
export interface PagerDutyOptions {
  readonly routingKey: SecretText;
  /** Address of its Events API v2. */
  readonly url: string;
}

/** PagerDuty's own scale. */
const SEVERITIES: Readonly<Record<AlertSeverity, "critical" | "warning" | "info">> = {
  critical: "critical",
  warning: "warning",
  degraded: "info",
};

/** Most characters of a summary that PagerDuty takes. */
const MAX_SUMMARY = 1_024;

/** Opens an incident by PagerDuty's Events API v2, and resolves it. */
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
    // Only web addresses can be followed from there.
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
