/** Alerts that the process sends itself. */
export { Alerting } from "./alerting.ts";
export { EmailSink } from "./email.ts";
export { PagerDutySink } from "./pager-duty.ts";
export { SlackSink } from "./slack.ts";
export { CallbackSink, WebhookSink } from "./webhook.ts";
export type { AlertSink } from "./sink.ts";
