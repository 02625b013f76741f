import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { AddressInfo } from "node:net";

/** A mail that was received. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The user that logged in; null without authentication. */
  readonly user: string | null;
  readonly wasEncrypted: boolean;
}

/** Options of {@link LocalSmtp}. */
export interface SmtpOptions {
  /** Accepted credentials. Default: no authentication. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Whether it offers STARTTLS, with an untrusted certificate. */
  readonly startTls?: boolean;
}

/** A mail server on 127.0.0.1 that keeps what it gets. */
export class LocalSmtp implements AsyncDisposable {
  readonly mails: ReceivedMail[] = [];
  /** Refuses each mail with this code and text; takes it while null. */
  refusal: { readonly code: number; readonly text: string } | null = null;
  readonly #server: SMTPServer;

  constructor({ login, startTls = false }: SmtpOptions = {}) {
    const options: SMTPServerOptions = {
      authOptional: login === undefined,
      allowInsecureAuth: true,
      disabledCommands: startTls ? [] : ["STARTTLS"],
      onAuth: (auth, _, callback) =>
        auth.username === login?.user && auth.password === login?.password
          ? callback(null, { user: auth.username })
          : callback(Object.assign(new Error("wrong user or password"), { responseCode: 535 })),
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          if (this.refusal !== null) {
            const { code, text } = this.refusal;
            callback(Object.assign(new Error(text), { responseCode: code }));
            return;
          }
          const { mailFrom, rcptTo } = session.envelope;
          this.mails.push({
            from: mailFrom === false ? "" : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            // Its type says nothing of it; what the login gave, above, is a text.
            user: (session.user as string | undefined) ?? null,
            wasEncrypted: session.secure,
            ...parts(Buffer.concat(chunks).toString("utf8")),
          });
          callback(null);
        });
      },
    };
    this.#server = new SMTPServer(options);
    // A client that goes away in the middle is its own affair.
    this.#server.on("error", () => undefined);
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve()));
    return this;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function parts(message: string): { readonly headers: Record<string, string>; readonly text: string } {
  const end = message.indexOf("\r\n\r\n");
  const lines = message.slice(0, end).replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()] as const),
  );
  return { headers, text: message.slice(end + 4).replaceAll("\r\n", "\n") };
}
