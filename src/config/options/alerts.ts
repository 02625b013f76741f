/** Options of alerts that the process sends itself. */
import { z } from "zod";
import { ALERT_SINKS, type AlertNotice, type AlertSeverity, type AlertSinkName } from "../../ports/alerts.ts";
import { besideMistakes, count, must } from "./field-types.ts";
import { example } from "./meta.ts";
import { credential } from "./secrets.ts";

const milliseconds = z.int().min(0).max(2_000_000_000);
const window = milliseconds.min(1);
const share = z.number().min(0).max(1);
const minCount = (of: string, least: number) => count.default(least).describe(`Fewest ${of} in the window; with fewer, the condition is not evaluated.`);
const windowMs = (ms: number) => window.default(ms).describe("Length of the sliding window, in milliseconds.");

/** Options of every condition. */
function rule(severity: AlertSeverity, forMs: number) {
  return {
    enabled: z.boolean().default(true).describe("Whether the condition is evaluated."),
    severity: z.enum(["critical", "warning", "degraded"]).default(severity).describe("Severity of the alert; selects its routes."),
    forMs: milliseconds.default(forMs).describe("Time that the condition must hold before the alert fires, in milliseconds."),
  };
}

const conditions = z
  .strictObject({
    breakerOpen: z.strictObject(rule("critical", 0)).prefault({}).describe("A circuit breaker is open, or was open within the last minute."),
    poolExhausted: z
      .strictObject({ ...rule("critical", 10_000), above: share.default(0.9).describe("Share of the request slots in use above which the alert fires.") })
      .prefault({})
      .describe("Requests to the CQL database wait for a free slot."),
    nodeUnreachable: z.strictObject(rule("critical", 30_000)).prefault({}).describe("A CQL node is unreachable."),
    errorRate: z
      .strictObject({
        ...rule("critical", 0),
        above: share.default(0.01).describe("Share of failed operations above which the alert fires."),
        windowMs: windowMs(300_000),
        minCount: minCount("operations", 100),
      })
      .prefault({})
      .describe("Operations fail. Invalid input, aborts and rate limits do not count."),
    vectorSyncFailing: z
      .strictObject({
        ...rule("warning", 0),
        above: z.int().min(0).default(0).describe("Failures in the window above which the alert fires."),
        windowMs: windowMs(300_000),
      })
      .prefault({})
      .describe("Vectors of stored items could not be written and are queued."),
    latencyP99: z
      .strictObject({ ...rule("warning", 60_000), aboveMs: count.default(1_000).describe("99th percentile of the latency above which the alert fires, in milliseconds.") })
      .prefault({})
      .describe("The 99th percentile of the latency of one kind of operation is high."),
    slowOperations: z
      .strictObject({
        ...rule("degraded", 0),
        above: share.default(0.05).describe("Share of slow operations above which the alert fires."),
        windowMs: windowMs(300_000),
        minCount: minCount("operations", 100),
      })
      .prefault({})
      .describe("Many operations take longer than `telemetry.slowOperationMs`."),
    embeddingCache: z
      .strictObject({
        ...rule("degraded", 0),
        below: share.default(0.5).describe("Hit rate of the embedding cache below which the alert fires."),
        windowMs: windowMs(900_000),
        minCount: minCount("texts", 1_000),
      })
      .prefault({})
      .describe("The hit rate of the embedding cache is low."),
    backlogBehind: z
      .strictObject({ ...rule("warning", 0), aboveMs: window.default(120_000).describe("Age of the oldest due intent above which the alert fires, in milliseconds.") })
      .prefault({})
      .describe("The reconciler is behind: recorded intents are overdue."),
    deadIntents: z
      .strictObject({ ...rule("warning", 0), above: z.int().min(0).default(0).describe("Dead-lettered intents above which the alert fires.") })
      .prefault({})
      .describe("Intents are dead-lettered: their writes fail for a reason that a retry does not change."),
    vectorsLost: z.strictObject(rule("critical", 0)).prefault({}).describe("The Qdrant collection was lost and its rebuild is not complete."),
    searchDegraded: z
      .strictObject(rule("degraded", 60_000))
      .prefault({})
      .describe("Searches with a query are ranked by keywords instead of similarity."),
    secretRefreshFailing: z
      .strictObject({ ...rule("warning", 0), windowMs: windowMs(900_000) })
      .prefault({})
      .describe("A secret cannot be refreshed; the last valid value stays in use."),
    auditFailing: z.strictObject(rule("critical", 0)).prefault({}).describe("The audit trail cannot be written."),
  })
  .prefault({})
  .describe("Conditions that fire alerts.");

const pagerDuty = z
  .strictObject({
    routingKey: credential.describe("Integration key of the service: text or a secret reference.").meta(example("env://PAGERDUTY_KEY")),
    url: z
      .url({ protocol: /^https?$/ })
      .default("https://events.pagerduty.com/v2/enqueue")
      .describe("Address of the Events API v2; that of the EU is https://events.eu.pagerduty.com/v2/enqueue."),
  })
  .describe("PagerDuty (Events API v2): one incident per alert, resolved with the alert.");

const slack = z
  .strictObject({
    webhookUrl: credential
      .describe("URL of an incoming webhook, which is a secret: text or a secret reference.")
      .meta(example("env://SLACK_WEBHOOK")),
  })
  .describe("A Slack channel.");

const email = z
  .strictObject({
    host: z.string().min(1).describe("Host name of the SMTP server.").meta(example("smtp.internal")),
    port: count.max(65_535).default(587).describe("Port of the SMTP server."),
    tls: z
      .enum(["starttls", "implicit", "none"])
      .default("starttls")
      .describe('"starttls" requires an upgrade to TLS, "implicit" connects with TLS (port 465), "none" sends unencrypted.'),
    user: z.string().min(1).optional().describe("User name for the login; without one there is no login.").meta(example("agents")),
    password: credential.optional().describe("Password of the user: text or a secret reference.").meta(example("env://SMTP_PASSWORD")),
    from: z.string().min(3).describe("Address of the sender.").meta(example("agents@example.com")),
    to: z.array(z.string().min(3)).min(1).describe("Addresses of the recipients.").meta(example(["on-call@example.com"])),
  })
  .superRefine(({ user, password }, context) => {
    const needed = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (user !== undefined && password === undefined) needed("password", "is required with a user");
    if (password !== undefined && user === undefined) needed("user", "is required with a password");
  }, besideMistakes)
  .describe("Mail, sent by the optional package nodemailer.");

const webhook = z
  .strictObject({
    url: credential.describe("URL that receives alerts as JSON in a POST request: text or a secret reference.").meta(example("https://alerts.internal/hook")),
    headers: z.record(z.string().min(1), credential).optional().describe("Headers of these requests, such as authorization; the values are secret."),
  })
  .describe("Any service that accepts JSON.");

const delivery = z
  .strictObject({
    maxQueued: count.default(100).describe("Largest number of queued alerts for each sink; beyond it, the least severe is dropped and counted."),
    maxPerMinute: count.default(30).describe("Most messages per minute for each sink; the newest message of each alert waits in the queue."),
    timeoutMs: window.default(10_000).describe("Timeout of one attempt, in milliseconds."),
    initialDelayMs: window.default(1_000).describe("Delay before the second attempt, in milliseconds; doubles with each attempt."),
    maxDelayMs: window.default(60_000).describe("Longest delay between attempts, in milliseconds."),
    giveUpAfterMs: window.default(3_600_000).describe("Time after which an undelivered message is dropped and counted, in milliseconds."),
  })
  .prefault({})
  .describe("Queueing, rate and retries of messages.");

const sinkNames = z.array(z.enum(ALERT_SINKS));
const routes = z
  .strictObject({
    critical: sinkNames.optional().describe("Sinks of critical alerts; by default PagerDuty, else Slack, else mail, and also webhook and callback."),
    warning: sinkNames.optional().describe("Sinks of warnings; by default Slack, else mail, else PagerDuty, and also webhook and callback."),
    degraded: sinkNames.optional().describe("Sinks of degraded alerts; by default mail, else Slack, else PagerDuty, and also webhook and callback."),
  })
  .prefault({})
  .describe("Sinks by severity.");

/** Alerts that the process sends itself. */
export const alerts = z
  .strictObject({
    conditions,
    routes,
    pagerDuty: pagerDuty.optional(),
    slack: slack.optional(),
    email: email.optional(),
    webhook: webhook.optional(),
    callback: z
      .custom<(notice: AlertNotice) => void | Promise<void>>((value) => typeof value === "function", must("be a function that takes a notice"))
      .optional()
      .describe("Receives each message of an alert: firing, repeated, resolved."),
    source: z.string().min(1).max(100).optional().describe("Name of this process in alerts; by default the host name.").meta(example("agents-1")),
    runbook: z
      .string()
      .min(1)
      .default("docs/operations.md")
      .describe("Path or URL of the runbook; alerts append # and the name of the condition. Set a URL so that alerts link to it.")
      .meta(example("https://docs.internal/operations")),
    intervalMs: window.default(15_000).describe("Interval between two evaluations of the conditions, in milliseconds."),
    resolveAfterMs: milliseconds.default(60_000).describe("Time without the condition after which an alert resolves, in milliseconds; a condition that ends and begins again within this time is one alert."),
    repeatAfterMs: window.default(14_400_000).describe("Interval at which a firing alert is sent again, in milliseconds."),
    flushMs: window.default(5_000).describe("Timeout for sending the last messages when the store stops, in milliseconds."),
    delivery,
  })
  .superRefine((options, context) => {
    const given = options as Partial<Record<AlertSinkName, unknown>>;
    if (ALERT_SINKS.every((name) => given[name] === undefined)) {
      context.addIssue({ code: "custom", message: `must have at least one sink: ${ALERT_SINKS.join(", ")}` });
    }
    for (const [severity, names] of Object.entries(options.routes ?? {})) {
      for (const name of Array.isArray(names) ? names : []) {
        if (given[name] !== undefined) continue;
        context.addIssue({ code: "custom", path: ["routes", severity], message: `names ${name}, which is not configured: add alerts.${name}` });
      }
    }
  }, besideMistakes)
  .describe("Alerts to PagerDuty, Slack, mail, a webhook or a function, sent by the process itself. Off by default.");

/** Parsed options with defaults. */
export type AlertsOptions = z.output<typeof alerts>;
