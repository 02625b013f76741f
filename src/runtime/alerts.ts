/** Alerting of a store: which conditions are checked, and where messages are sent. */
import { hostname } from "node:os";
import type { AlertsOptions } from "../config/options/alerts.ts";
import type { CommonConfig } from "../config/schema.ts";
import { Secrets } from "../config/secrets/secrets.ts";
import type { SecretsOptions } from "../config/options/secrets.ts";
import type { AlertSeverity, AlertSinkName } from "../ports/alerts.ts";
import type { Resource } from "../ports/backend.ts";
import type { Events } from "../ports/events.ts";
import type { Logger } from "../ports/logger.ts";
import { Alerting, CallbackSink, EmailSink, PagerDutySink, SlackSink, WebhookSink, type AlertSink } from "../telemetry/alerts/index.ts";
import { takeSnapshot, type AlertEvents, type SnapshotSources } from "../telemetry/alerts/sources.ts";
import type { StateSources } from "../telemetry/state.ts";
import { p99OfOperations, totalsOf } from "../telemetry/stats.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { StoreContext } from "./context.ts";

/** What alerting reads and uses. */
interface AlertDependencies {
  /** Identifies the store in the ids of alerts; the same after a restart. */
  readonly store: string;
  readonly telemetry: Telemetry;
  readonly state: StateSources;
  readonly alertEvents: AlertEvents;
  readonly events: Events;
  readonly logger: Logger;
  readonly secrets: SecretsOptions;
  readonly isSearchDegraded: () => boolean;
  readonly isAuditFailing: () => boolean;
}

/** The alerts of one runtime. */
export class StoreAlerts implements Resource {
  readonly #alerting: Alerting;
  readonly #secrets: Secrets;
  readonly #options: AlertsOptions;
  readonly #alertEvents: AlertEvents;

  constructor(options: AlertsOptions, dependencies: AlertDependencies) {
    const { alertEvents, events, logger } = dependencies;
    this.#options = options;
    this.#alertEvents = alertEvents;
    // Separate from the secrets of the connections: a reload may change the alerts only.
    this.#secrets = new Secrets(dependencies.secrets, events);
    const sources = sourcesOf(dependencies);
    this.#alerting = new Alerting({
      ...options,
      source: options.source ?? hostname(),
      store: dependencies.store,
      sinks: sinksOf(options, this.#secrets),
      routes: routesOf(options),
      takeSnapshot: () => takeSnapshot(sources, alertEvents),
      events,
      logger,
    });
  }

  /**
   * Reads the secrets of the alert sinks.
   *
   * @throws {StoreError} that names the option, when a secret cannot be read or the package nodemailer is missing.
   */
  async start(): Promise<void> {
    await this.#secrets.start();
    if (this.#options.email !== undefined) await EmailSink.check();
  }

  /** Starts to check conditions. @param previous - its firing alerts and unsent messages are taken over */
  watch(previous: StoreAlerts | null): void {
    if (previous !== null) this.#alerting.takeOver(previous.#alerting);
    this.#alertEvents.onUrgent = () => this.#alerting.evaluateSoon();
    void this.#alerting.start();
  }

  /** Stops checking, and sends the messages that are queued. */
  async stop(): Promise<void> {
    await this.#alerting.stop();
    await this.#secrets.stop();
  }
}

/** Creates the alerts; null when none are configured. */
export function createAlerts(
  { alerts, secrets, logger }: CommonConfig,
  { telemetry, events, alertEvents, degraded }: StoreContext,
  state: StateSources,
  isAuditFailing: () => boolean,
  store: string,
): StoreAlerts | null {
  if (alerts === undefined) return null;
  const isSearchDegraded = (): boolean => degraded.isDegraded;
  return new StoreAlerts(alerts, { store, telemetry, state, alertEvents, events, logger, secrets, isSearchDegraded, isAuditFailing });
}

function sourcesOf({ telemetry, state, isSearchDegraded, isAuditFailing }: AlertDependencies): SnapshotSources {
  const { ledger } = telemetry;
  const breakers = Object.entries(state.guards).map(([service, guard]) => [service, () => guard().breaker] as const);
  return {
    breakers: Object.fromEntries(breakers),
    nodes: state.nodes,
    pool() {
      const up = state.nodes().filter(({ isUp }) => isUp);
      if (up.length === 0) return null;
      const sum = (of: "inFlight" | "capacity"): number => up.reduce((total, node) => total + node[of], 0);
      return { inFlight: sum("inFlight"), capacity: sum("capacity") };
    },
    measured: () => totalsOf(ledger),
    p99Ms: () => p99OfOperations(ledger),
    outbox: state.outbox,
    hasAllVectors: () => state.isComplete() ?? true,
    isSearchDegraded,
    isAuditFailing,
  };
}

function sinksOf({ pagerDuty, slack, email, webhook, callback, delivery }: AlertsOptions, secrets: Secrets) {
  const sinks: Partial<Record<AlertSinkName, AlertSink>> = {};
  if (pagerDuty !== undefined) {
    sinks.pagerDuty = new PagerDutySink({ ...pagerDuty, routingKey: secrets.text(pagerDuty.routingKey, "alerts.pagerDuty.routingKey") });
  }
  if (slack !== undefined) sinks.slack = new SlackSink(secrets.text(slack.webhookUrl, "alerts.slack.webhookUrl"));
  if (email !== undefined) {
    const password = email.password === undefined ? null : secrets.text(email.password, "alerts.email.password");
    sinks.email = new EmailSink({ ...email, password, timeoutMs: delivery.timeoutMs });
  }
  if (webhook !== undefined) {
    const headers = Object.entries(webhook.headers ?? {}).map(
      ([name, value]) => [name, secrets.text(value, `alerts.webhook.headers.${name}`)] as const,
    );
    sinks.webhook = new WebhookSink({ url: secrets.text(webhook.url, "alerts.webhook.url"), headers: Object.fromEntries(headers) });
  }
  if (callback !== undefined) sinks.callback = new CallbackSink(callback);
  return sinks;
}

/** Sink of each severity without a route: the first of these that is configured. */
const DEFAULT_SINKS: Readonly<Record<AlertSeverity, readonly AlertSinkName[]>> = {
  critical: ["pagerDuty", "slack", "email"],
  warning: ["slack", "email", "pagerDuty"],
  degraded: ["email", "slack", "pagerDuty"],
};

function routesOf(options: AlertsOptions): Record<AlertSeverity, readonly AlertSinkName[]> {
  const route = (severity: AlertSeverity): readonly AlertSinkName[] => {
    const first = DEFAULT_SINKS[severity].find((name) => options[name] !== undefined);
    const programs = (["webhook", "callback"] as const).filter((name) => options[name] !== undefined);
    return options.routes[severity] ?? [...(first === undefined ? [] : [first]), ...programs];
  };
  return { critical: route("critical"), warning: route("warning"), degraded: route("degraded") };
}
