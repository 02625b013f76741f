// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Secret } from "../../model/secret.ts";
import type { AlertNotice } from "../../ports/alerts.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { AlertsConditionsOptions } from "./alerts-conditions.ts";

/** Alerts from within the process, to PagerDuty, Slack, mail, a webhook or a function. Left out, there are none. */
export interface AlertsOptions {
  /** What makes an alert. */
  conditions?: AlertsConditionsOptions | undefined;
  /** Where alerts of each severity go. */
  routes?: AlertsRoutesOptions | undefined;
  /** PagerDuty, by its Events API v2: one incident an alert, resolved with it. */
  pagerDuty?: AlertsPagerDutyOptions | undefined;
  /** A Slack channel. */
  slack?: AlertsSlackOptions | undefined;
  /** Mail, by the package nodemailer. */
  email?: AlertsEmailOptions | undefined;
  /** Any service that takes JSON. */
  webhook?: AlertsWebhookOptions | undefined;
  /** Is given each notice. */
  callback?: ((notice: AlertNotice) => void | Promise<void>) | undefined;
  /**
   * Names this process in alerts; by default the name of the host.
   *
   * @example "agents-1"
   */
  source?: string | undefined;
  /**
   * Where the runbook is read; the name of the condition follows it, after a #. A web address can be followed.
   *
   * @default "docs/operations.md"
   * @example "https://docs.internal/operations"
   */
  runbook?: string | undefined;
  /**
   * Between two looks at the store, in milliseconds.
   *
   * @default 15000
   */
  intervalMs?: number | undefined;
  /**
   * An alert ends when all is well for so long, in milliseconds: what comes and goes is one alert.
   *
   * @default 60000
   */
  resolveAfterMs?: number | undefined;
  /**
   * What still fires is told again after so long, in milliseconds.
   *
   * @default 14400000
   */
  repeatAfterMs?: number | undefined;
  /**
   * Longest time to send the last messages when the store stops, in milliseconds.
   *
   * @default 5000
   */
  flushMs?: number | undefined;
  /** How messages are sent. */
  delivery?: AlertsDeliveryOptions | undefined;
}

/** Where alerts of each severity go. */
export interface AlertsRoutesOptions {
  /** Places for critical alerts; by default PagerDuty, else Slack, else mail, and webhook and callback. */
  critical?: ("callback" | "pagerDuty" | "slack" | "email" | "webhook")[] | undefined;
  /** Places for warnings; by default Slack, else mail, else PagerDuty, and webhook and callback. */
  warning?: ("callback" | "pagerDuty" | "slack" | "email" | "webhook")[] | undefined;
  /** Places for the rest; by default mail, else Slack, else PagerDuty, and webhook and callback. */
  degraded?: ("callback" | "pagerDuty" | "slack" | "email" | "webhook")[] | undefined;
}

/** PagerDuty, by its Events API v2: one incident an alert, resolved with it. */
export interface AlertsPagerDutyOptions {
  /**
   * Integration key of the service: text or a secret reference.
   *
   * @example "env://PAGERDUTY_KEY"
   */
  routingKey: string | Secret | SecretReference;
  /**
   * Address of the Events API v2; that of the EU is https://events.eu.pagerduty.com/v2/enqueue.
   *
   * @default "https://events.pagerduty.com/v2/enqueue"
   */
  url?: string | undefined;
}

/** A Slack channel. */
export interface AlertsSlackOptions {
  /**
   * Address of an incoming webhook, which is a secret: text or a secret reference.
   *
   * @example "env://SLACK_WEBHOOK"
   */
  webhookUrl: string | Secret | SecretReference;
}

/** Mail, by the package nodemailer. */
export interface AlertsEmailOptions {
  /**
   * Name of the mail server.
   *
   * @example "smtp.internal"
   */
  host: string;
  /**
   * Its port.
   *
   * @default 587
   */
  port?: number | undefined;
  /**
   * "starttls" sends nothing without TLS, "implicit" speaks TLS at once (port 465), "none" sends in the clear.
   *
   * @default "starttls"
   */
  tls?: "none" | "starttls" | "implicit" | undefined;
  /**
   * Who logs in; nobody by default.
   *
   * @example "agents"
   */
  user?: string | undefined;
  /**
   * Password of the user: text or a secret reference.
   *
   * @example "env://SMTP_PASSWORD"
   */
  password?: string | Secret | SecretReference | undefined;
  /**
   * Address of the sender.
   *
   * @example "agents@example.com"
   */
  from: string;
  /**
   * Addresses of those who get it.
   *
   * @example ["on-call@example.com"]
   */
  to: string[];
}

/** Any service that takes JSON. */
export interface AlertsWebhookOptions {
  /**
   * Web address that alerts are posted to as JSON: text or a secret reference.
   *
   * @example "https://alerts.internal/hook"
   */
  url: string | Secret | SecretReference;
  /** Headers to send with them, such as authorization; the values are secret. */
  headers?: Record<string, string | Secret | SecretReference> | undefined;
}

/** How messages are sent. */
export interface AlertsDeliveryOptions {
  /**
   * Most alerts of which a message waits, for each place; the least bad is dropped, and counted.
   *
   * @default 100
   */
  maxQueued?: number | undefined;
  /**
   * Most messages in a minute, for each place; others wait, and only the newest of an alert does.
   *
   * @default 30
   */
  maxPerMinute?: number | undefined;
  /**
   * Longest time for one attempt, in milliseconds.
   *
   * @default 10000
   */
  timeoutMs?: number | undefined;
  /**
   * Pause before the second attempt, in milliseconds; doubles each time.
   *
   * @default 1000
   */
  initialDelayMs?: number | undefined;
  /**
   * Longest pause, in milliseconds.
   *
   * @default 60000
   */
  maxDelayMs?: number | undefined;
  /**
   * A message that could not be sent for so long, in milliseconds, is lost, and counted.
   *
   * @default 3600000
   */
  giveUpAfterMs?: number | undefined;
}
