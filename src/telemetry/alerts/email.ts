import { createHash } from "node:crypto";
import type * as Nodemailer from "nodemailer";
import { ConfigurationError, messageOf } from "../../model/errors.ts";
import { VERIFIED_TLS } from "../../model/verified-tls.ts";
import type { AlertNotice } from "../../ports/alerts.ts";
import type { SecretText } from "../../ports/secrets.ts";
import { SinkError, type AlertSink } from "./sink.ts";
import { importAtRunTime } from "../../model/optional-import.ts";
import { isError } from "../../model/realms.ts";

/** Options of mail. */
export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first byte. `starttls`: upgrade required. `none`: unencrypted. */
  readonly tls: "implicit" | "starttls" | "none";
  /** Undefined without login. */
  readonly user?: string | undefined;
  readonly password: SecretText | null;
  readonly from: string;
  readonly to: readonly string[];
  /** Timeout of the server, milliseconds. */
  readonly timeoutMs: number;
}

/** Sends mail through `nodemailer`, an optional package. */
export class EmailSink implements AlertSink {
  readonly name = "the mail server";
  readonly #options: EmailOptions;

  constructor(options: EmailOptions) {
    this.#options = options;
  }

  /** @throws {ConfigurationError} when the package nodemailer is not installed. */
  static async check(): Promise<void> {
    await loadNodemailer();
  }

  async send(notice: AlertNotice): Promise<void> {
    const { host, port, tls, user, password, from, to, timeoutMs } = this.#options;
    const { createTransport } = await loadNodemailer();
    const login = user === undefined || password === null ? {} : { auth: { user, pass: (await password.latest()).reveal() } };
    // One transport per mail: mails are rare, and the password may change.
    const transport = createTransport({
      host,
      port,
      secure: tls === "implicit",
      requireTLS: tls === "starttls",
      ignoreTLS: tls === "none",
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      tls: VERIFIED_TLS,
      disableFileAccess: true,
      disableUrlAccess: true,
      ...login,
    });
    try {
      await transport.sendMail({ from, to: [...to], ...mailOf(notice) });
    } catch (cause) {
      throw new SinkError(`The mail could not be sent: ${messageOf(cause)}`, isTransient(cause));
    } finally {
      transport.close();
    }
  }
}

function mailOf(notice: AlertNotice): { subject: string; text: string; headers: Record<string, string>; references: string } {
  const { status, isRepeat, severity, condition, subject, summary, source, startedAt, endedAt, value, limit, runbook, id } = notice;
  const state = status === "resolved" ? "resolved" : isRepeat ? "still firing" : "firing";
  const lines = [
    summary,
    "",
    `State:     ${state}`,
    `Severity:  ${severity}`,
    `Condition: ${condition}${subject === null ? "" : ` (${subject})`}`,
    ...(value === null ? [] : [`Measured:  ${value}${limit === null ? "" : `, limit ${limit}`}`]),
    `Source:    ${source}`,
    `Since:     ${startedAt}`,
    ...(endedAt === null ? [] : [`Until:     ${endedAt}`]),
    `What to do: ${runbook}`,
  ];
  const thread = createHash("sha256").update(`${id} ${startedAt}`).digest("hex").slice(0, 32);
  return {
    subject: `[${state}] ${severity}: ${condition}${subject === null ? "" : ` ${subject}`} on ${source}`,
    text: `${lines.join("\n")}\n`,
    // Mail clients group mails with the same reference into one thread.
    references: `<${thread}@langgraph-store>`,
    // Suppresses automatic replies.
    headers: { "Auto-Submitted": "auto-generated" },
  };
}

/** SMTP codes from 500, such as a wrong password, are permanent. */
function isTransient(error: unknown): boolean {
  const code: unknown = isError(error) && "responseCode" in error ? error.responseCode : undefined;
  return !(typeof code === "number" && code >= 500);
}

async function loadNodemailer(): Promise<typeof Nodemailer> {
  try {
    return (await importAtRunTime("nodemailer")) as typeof Nodemailer;
  } catch (error) {
    // If a dependency of the package is missing, its own message says more.
    if (!isMissing(error) || !error.message.includes("nodemailer")) throw error;
    throw new ConfigurationError("alerts.email needs the package nodemailer, which is not installed: npm install nodemailer", {
      cause: error,
    });
  }
}

function isMissing(error: unknown): error is Error {
  const code: unknown = isError(error) && "code" in error ? error.code : undefined;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
