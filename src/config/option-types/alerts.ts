// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Secret } from "../../model/secret.ts";
import type { AlertNotice } from "../../ports/alerts.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { AlertsConditionsOptions } from "./alerts-conditions.ts";

/** Alerts to PagerDuty, Slack, mail, a webhook or a function, sent by the process itself. Off by default. */
export interface AlertsOptions {
  /** Conditions that fire alerts. */
  conditions?: AlertsConditionsOptions | undefined;
  /** Sinks by severity. */
  routes?: AlertsRoutesOptions | undefined;
  /** PagerDuty (Events API v2): one incident per alert, resolved with the alert. */
  pagerDuty?: AlertsPagerDutyOptions | undefined;
  /** A Slack channel. */
  slack?: AlertsSlackOptions | undefined;
  /** Mail, sent by the optional package nodemailer. */
  email?: AlertsEmailOptions | undefined;
  /** Any service that accepts JSON. */
  webhook?: AlertsWebhookOptions | undefined;
  /** Receives each message of an alert: firing, repeated, resolved. */
  callback?: ((notice: AlertNotice) => void | Promise<void>) | undefined;
  /**
   * Name of this process in alerts; by default the host name.
   *
   * @example "agents-1"
   */
  source?: string | undefined;
  /**
   * Path or URL of the runbook; alerts append # and the name of the condition. Set a URL so that alerts link to it.
   *
   * @default "docs/operations.md"
   * @example "https://docs.internal/operations"
   */
  runbook?: string | undefined;
  /**
   * Interval between two evaluations of the conditions, in milliseconds.
   *
   * @default 15000
   */
  intervalMs?: number | undefined;
  /**
   * Time without the condition after which an alert resolves, in milliseconds; a condition that ends and begins again within this time is one alert.
   *
   * @default 60000
   */
  resolveAfterMs?: number | undefined;
  /**
   * Interval at which a firing alert is sent again, in milliseconds.
   *
   * @default 14400000
   */
  repeatAfterMs?: number | undefined;
  /**
   * Timeout for sending the last messages when the store stops, in milliseconds.
   *
   * @default 5000
   */
  flushMs?: number | undefined;
  /** Queueing, rate and retries of messages. */
  delivery?: AlertsDeliveryOptions | undefined;
}

/** Sinks by severity. */
export interface AlertsRoutesOptions {
  /** Sinks of critical alerts; by default PagerDuty, else Slack, else mail, and also webhook and callback. */
  critical?: ("callback" | "pagerDuty" | "slack" | "email" | "webhook")[] | undefined;
  /** Sinks of warnings; by default Slack, else mail, else PagerDuty, and also webhook and callback. */
  warning?: ("callback" | "pagerDuty" | "slack" | "email" | "webhook")[] | undefined;
  /** Sinks of degraded alerts; by default mail, else Slack, else PagerDuty, and also webhook and callback. */
  degraded?: ("callback" | "pagerDuty" | "slack" | "email" | "webhook")[] | undefined;
}

/** PagerDuty (Events API v2): one incident per alert, resolved with the alert. */
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
   * URL of an incoming webhook, which is a secret: text or a secret reference.
   *
   * @example "env://SLACK_WEBHOOK"
   */
  webhookUrl: string | Secret | SecretReference;
}

/** Mail, sent by the optional package nodemailer. */
export interface AlertsEmailOptions {
  /**
   * Host name of the SMTP server.
   *
   * @example "smtp.internal"
   */
  host: string;
  /**
   * Port of the SMTP server.
   *
   * @default 587
   */
  port?: number | undefined;
  /**
   * "starttls" requires an upgrade to TLS, "implicit" connects with TLS (port 465), "none" sends unencrypted.
   *
   * @default "starttls"
   */
  tls?: "none" | "starttls" | "implicit" | undefined;
  /**
   * User name for the login; without one there is no login.
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
   * Addresses of the recipients.
   *
   * @example ["on-call@example.com"]
   */
  to: string[];
}

/** Any service that accepts JSON. */
export interface AlertsWebhookOptions {
  /**
   * URL that receives alerts as JSON in a POST request: text or a secret reference.
   *
   * @example "https://alerts.internal/hook"
   */
  url: string | Secret | SecretReference;
  /** Headers of these requests, such as authorization; the values are secret. */
  headers?: Record<string, string | Secret | SecretReference> | undefined;
}

/** Queueing, rate and retries of messages. */
export interface AlertsDeliveryOptions {
  /**
   * Largest number of queued alerts for each sink; beyond it, the least severe is dropped and counted.
   *
   * @default 100
   */
  maxQueued?: number | undefined;
  /**
   * Most messages per minute for each sink; the newest message of each alert waits in the queue.
   *
   * @default 30
   */
  maxPerMinute?: number | undefined;
  /**
   * Timeout of one attempt, in milliseconds.
   *
   * @default 10000
   */
  timeoutMs?: number | undefined;
  /**
   * Delay before the second attempt, in milliseconds; doubles with each attempt.
   *
   * @default 1000
   */
  initialDelayMs?: number | undefined;
  /**
   * Longest delay between attempts, in milliseconds.
   *
   * @default 60000
   */
  maxDelayMs?: number | undefined;
  /**
   * Time after which an undelivered message is dropped and counted, in milliseconds.
   *
   * @default 3600000
   */
  giveUpAfterMs?: number | undefined;
}
