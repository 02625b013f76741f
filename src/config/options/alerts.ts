/** Options of alerts from within the process. */
import { z } from "zod";
import { ALERT_SINKS, type AlertNotice, type AlertSeverity, type AlertSinkName } from "../../ports/alerts.ts";
import { besideMistakes, count, mustBe } from "./field-types.ts";
import { example } from "./meta.ts";
import { credential } from "./secrets.ts";

const milliseconds = z.int().min(0).max(2_000_000_000);
const window = milliseconds.min(1);
const share = z.number().min(0).max(1);
const minCount = (of: string, least: number) => count.default(least).describe(`Fewer ${of} in the window say nothing.`);
const windowMs = (ms: number) => window.default(ms).describe("What happened in so many milliseconds counts.");

/** What every condition has. */
function rule(severity: AlertSeverity, forMs: number) {
  return {
    enabled: z.boolean().default(true).describe("Whether it is looked at."),
    severity: z.enum(["critical", "warning", "degraded"]).default(severity).describe("How bad it is; says where the alert goes."),
    forMs: milliseconds.default(forMs).describe("It has to last so long, in milliseconds, before it is told."),
  };
}

const conditions = z
  .strictObject({
    breakerOpen: z.strictObject(rule("critical", 0)).prefault({}).describe("A circuit breaker is open, or was within the last minute."),
    poolExhausted: z
      .strictObject({ ...rule("critical", 10_000), above: share.default(0.9).describe("Share of the places for requests that are in use.") })
      .prefault({})
      .describe("Requests to the CQL database have to wait for others."),
    nodeUnreachable: z.strictObject(rule("critical", 30_000)).prefault({}).describe("A CQL node cannot be reached."),
    errorRate: z
      .strictObject({
        ...rule("critical", 0),
        above: share.default(0.01).describe("Share of the operations that fail."),
        windowMs: windowMs(300_000),
        minCount: minCount("operations", 100),
      })
      .prefault({})
      .describe("Operations fail; mistakes of the caller, aborts and rate limits do not count."),
    vectorSyncFailing: z
      .strictObject({
        ...rule("warning", 0),
        above: z.int().min(0).default(0).describe("Failures in the window that are borne."),
        windowMs: windowMs(300_000),
      })
      .prefault({})
      .describe("Items are stored without their vectors, for the time being."),
    latencyP99: z
      .strictObject({ ...rule("warning", 60_000), aboveMs: count.default(1_000).describe("Milliseconds that 99 of 100 calls stay below.") })
      .prefault({})
      .describe("Operations of a kind are slow at their 99th percentile."),
    slowOperations: z
      .strictObject({
        ...rule("degraded", 0),
        above: share.default(0.05).describe("Share of the operations that are slow."),
        windowMs: windowMs(300_000),
        minCount: minCount("operations", 100),
      })
      .prefault({})
      .describe("Many operations take longer than what counts as slow, 100 ms by default."),
    embeddingCache: z
      .strictObject({
        ...rule("degraded", 0),
        below: share.default(0.5).describe("Share of the texts whose vectors are in the cache."),
        windowMs: windowMs(900_000),
        minCount: minCount("texts", 1_000),
      })
      .prefault({})
      .describe("The embedding cache helps little."),
    backlogBehind: z
      .strictObject({ ...rule("warning", 0), aboveMs: window.default(120_000).describe("Milliseconds that a write may be due.") })
      .prefault({})
      .describe("Writes that did not end wait longer to be finished than they should."),
    deadIntents: z
      .strictObject({ ...rule("warning", 0), above: z.int().min(0).default(0).describe("Dead writes that are borne.") })
      .prefault({})
      .describe("Writes cannot be finished, however often it is tried."),
    vectorsLost: z.strictObject(rule("critical", 0)).prefault({}).describe("The collection was lost, and is not filled in again yet."),
    searchDegraded: z
      .strictObject(rule("degraded", 60_000))
      .prefault({})
      .describe("Searches with a query are ranked by keywords instead of similarity."),
    secretRefreshFailing: z
      .strictObject({ ...rule("warning", 0), windowMs: windowMs(900_000) })
      .prefault({})
      .describe("A secret cannot be renewed; its last good text is used."),
    auditFailing: z.strictObject(rule("critical", 0)).prefault({}).describe("The audit trail cannot be written."),
  })
  .prefault({})
  .describe("What makes an alert.");

const pagerDuty = z
  .strictObject({
    routingKey: credential.describe("Integration key of the service: text or a secret reference.").meta(example("env://PAGERDUTY_KEY")),
    url: z
      .url({ protocol: /^https?$/ })
      .default("https://events.pagerduty.com/v2/enqueue")
      .describe("Address of the Events API v2; that of the EU is https://events.eu.pagerduty.com/v2/enqueue."),
  })
  .describe("PagerDuty, by its Events API v2: one incident an alert, resolved with it.");

const slack = z
  .strictObject({
    webhookUrl: credential
      .describe("Address of an incoming webhook, which is a secret: text or a secret reference.")
      .meta(example("env://SLACK_WEBHOOK")),
  })
  .describe("A Slack channel.");

const email = z
  .strictObject({
    host: z.string().min(1).describe("Name of the mail server.").meta(example("smtp.internal")),
    port: count.max(65_535).default(587).describe("Its port."),
    tls: z
      .enum(["starttls", "implicit", "none"])
      .default("starttls")
      .describe('"starttls" sends nothing without TLS, "implicit" speaks TLS at once (port 465), "none" sends in the clear.'),
    user: z.string().min(1).optional().describe("Who logs in; nobody by default.").meta(example("agents")),
    password: credential.optional().describe("Password of the user: text or a secret reference.").meta(example("env://SMTP_PASSWORD")),
    from: z.string().min(3).describe("Address of the sender.").meta(example("agents@example.com")),
    to: z.array(z.string().min(3)).min(1).describe("Addresses of those who get it.").meta(example(["on-call@example.com"])),
  })
  .superRefine(({ user, password }, context) => {
    const needed = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (user !== undefined && password === undefined) needed("password", "is required with a user");
    if (password !== undefined && user === undefined) needed("user", "is required with a password");
  }, besideMistakes)
  .describe("Mail, by the package nodemailer.");

const webhook = z
  .strictObject({
    url: credential.describe("Web address that alerts are posted to as JSON: text or a secret reference.").meta(example("https://alerts.internal/hook")),
    headers: z.record(z.string().min(1), credential).optional().describe("Headers to send with them, such as authorization; the values are secret."),
  })
  .describe("Any service that takes JSON.");

const delivery = z
  .strictObject({
    maxQueued: count.default(100).describe("Most alerts of which a message waits, for each place; the least bad is dropped, and counted."),
    maxPerMinute: count.default(30).describe("Most messages in a minute, for each place; others wait, and only the newest of an alert does."),
    timeoutMs: window.default(10_000).describe("Longest time for one attempt, in milliseconds."),
    initialDelayMs: window.default(1_000).describe("Pause before the second attempt, in milliseconds; doubles each time."),
    maxDelayMs: window.default(60_000).describe("Longest pause, in milliseconds."),
    giveUpAfterMs: window.default(3_600_000).describe("A message that could not be sent for so long, in milliseconds, is lost, and counted."),
  })
  .prefault({})
  .describe("How messages are sent.");

const sinkNames = z.array(z.enum(ALERT_SINKS));
const routes = z
  .strictObject({
    critical: sinkNames.optional().describe("Places for critical alerts; by default PagerDuty, else Slack, else mail, and webhook and callback."),
    warning: sinkNames.optional().describe("Places for warnings; by default Slack, else mail, else PagerDuty, and webhook and callback."),
    degraded: sinkNames.optional().describe("Places for the rest; by default mail, else Slack, else PagerDuty, and webhook and callback."),
  })
  .prefault({})
  .describe("Where alerts of each severity go.");

/** Alerts from within the process. */
export const alerts = z
  .strictObject({
    conditions,
    routes,
    pagerDuty: pagerDuty.optional(),
    slack: slack.optional(),
    email: email.optional(),
    webhook: webhook.optional(),
    callback: z
      .custom<(notice: AlertNotice) => void | Promise<void>>((value) => typeof value === "function", mustBe("be a function that takes a notice"))
      .optional()
      .describe("Is given each notice."),
    source: z.string().min(1).max(100).optional().describe("Names this process in alerts; by default the name of the host.").meta(example("agents-1")),
    runbook: z
      .string()
      .min(1)
      .default("docs/operations.md")
      .describe("Where the runbook is read; the name of the condition follows it, after a #. A web address can be followed.")
      .meta(example("https://docs.internal/operations")),
    intervalMs: window.default(15_000).describe("Between two looks at the store, in milliseconds."),
    resolveAfterMs: milliseconds.default(60_000).describe("An alert ends when all is well for so long, in milliseconds: what comes and goes is one alert."),
    repeatAfterMs: window.default(14_400_000).describe("What still fires is told again after so long, in milliseconds."),
    flushMs: window.default(5_000).describe("Longest time to send the last messages when the store stops, in milliseconds."),
    delivery,
  })
  .superRefine((options, context) => {
    const given = options as Partial<Record<AlertSinkName, unknown>>;
    if (ALERT_SINKS.every((name) => given[name] === undefined)) {
      context.addIssue({ code: "custom", message: `must name where alerts go: ${ALERT_SINKS.join(", ")}` });
    }
    for (const [severity, names] of Object.entries(options.routes ?? {})) {
      for (const name of Array.isArray(names) ? names : []) {
        if (given[name] !== undefined) continue;
        context.addIssue({ code: "custom", path: ["routes", severity], message: `names ${name}, which is not given: add alerts.${name}` });
      }
    }
  }, besideMistakes)
  .describe("Alerts from within the process, to PagerDuty, Slack, mail, a webhook or a function. Left out, there are none.");

/** The options in force, defaults filled in. */
export type AlertsOptions = z.output<typeof alerts>;
