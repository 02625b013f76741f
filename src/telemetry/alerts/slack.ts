import type { AlertNotice } from "../../ports/alerts.ts";
import type { SecretText } from "../../ports/secrets.ts";
import { postJson } from "./post-json.ts";
import type { AlertSink } from "./sink.ts";

/** Longest header and section that Slack accepts. */
const MAX_HEADER = 150;
const MAX_SECTION = 3_000;

/** Posts to a Slack channel through an incoming webhook, whose URL is the credential. */
export class SlackSink implements AlertSink {
  readonly name = "Slack";
  readonly #webhook: SecretText;

  constructor(webhook: SecretText) {
    this.#webhook = webhook;
  }

  async send(notice: AlertNotice, signal: AbortSignal): Promise<void> {
    const url = (await this.#webhook.latest()).reveal();
    await postJson({ name: this.name, url, body: slackMessage(notice), secrets: [url], signal });
  }
}

function slackMessage(notice: AlertNotice): Record<string, unknown> {
  const { severity, summary, source, condition, subject, startedAt, endedAt, runbook } = notice;
  const head = `${headOf(notice)}: ${condition}${subject === null ? "" : ` (${subject})`}`;
  const facts = [`*Severity:* ${severity}`, `*Source:* ${escaped(source)}`, `*Since:* ${startedAt}`];
  if (endedAt !== null) facts.push(`*Until:* ${endedAt}`);
  return {
    // Notifications show the text instead of the blocks.
    text: escaped(`${headOf(notice)} ${severity}: ${summary}`).slice(0, MAX_SECTION),
    blocks: [
      { type: "header", text: { type: "plain_text", text: head.slice(0, MAX_HEADER) } },
      { type: "section", text: { type: "mrkdwn", text: escaped(summary).slice(0, MAX_SECTION) } },
      { type: "section", fields: facts.map((text) => ({ type: "mrkdwn", text })) },
      { type: "context", elements: [{ type: "mrkdwn", text: `What to do: ${escaped(runbook)}` }] },
    ],
  };
}

function headOf({ status, isRepeat }: AlertNotice): string {
  return status === "resolved" ? "Resolved" : isRepeat ? "Still firing" : "Firing";
}

/** Escapes the three control characters of Slack. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
