import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Secret } from "../../../src/model/secret.ts";
import { fixedSecret } from "../../../src/ports/secrets.ts";
import { EmailSink, type EmailOptions } from "../../../src/telemetry/alerts/email.ts";
import { PagerDutySink } from "../../../src/telemetry/alerts/pager-duty.ts";
import { SinkError, type AlertSink } from "../../../src/telemetry/alerts/sink.ts";
import { SlackSink } from "../../../src/telemetry/alerts/slack.ts";
import { CallbackSink, WebhookSink } from "../../../src/telemetry/alerts/webhook.ts";
import { HttpReceiver, status } from "../../servers/http-receiver.ts";
import { CertificateAuthority } from "../../servers/certificates.ts";
import { TlsProxy } from "../../servers/tls-proxy.ts";
import { ignoreCertificates } from "../../support/weak-tls.ts";
import { LocalSmtp, type SmtpOptions } from "../../servers/smtp.ts";
import { notice } from "./snapshots.ts";

const ROUTING_KEY = "0123456789abcdef0123456789abcdef";
const ended = { status: "resolved", endedAt: "2026-01-02T03:09:05.000Z" } as const;

const signal = (): AbortSignal => AbortSignal.timeout(5_000);
const secret = (text: string) => fixedSecret(new Secret(text));

async function failure(sink: AlertSink): Promise<SinkError> {
  const error: unknown = await sink.send(notice(), signal()).then(() => undefined, (caught: unknown) => caught);
  if (!(error instanceof SinkError)) throw new Error(`no SinkError but ${String(error)}`);
  return error;
}

describe("HTTP sinks", () => {
  let receiver: HttpReceiver;
  beforeEach(async () => {
    receiver = await new HttpReceiver().listen();
  });
  afterEach(() => receiver.close());

  const pagerDuty = () => new PagerDutySink({ routingKey: secret(ROUTING_KEY), url: `${receiver.url}/v2/enqueue` });
  const slack = () => new SlackSink(secret(`${receiver.url}/services/T000/B000/hunter2`));
  const webhook = () => new WebhookSink({ url: secret(`${receiver.url}/hook?token=hunter2`), headers: { authorization: secret("Bearer s3cret") } });

  test("PagerDuty receives a trigger in the format of Events v2", async () => {
    receiver.answer = status(202, { status: "success", message: "Event processed", dedup_key: "x" });
    await pagerDuty().send(notice({ value: 0.02, limit: 0.01 }), signal());
    const [request] = receiver.requests;
    expect(request).toMatchObject({ method: "POST", path: "/v2/enqueue" });
    expect(request?.headers["content-type"]).toBe("application/json");
    // Field by field, because the Events API rejects unknown fields.
    expect(request?.body).toEqual({
      routing_key: ROUTING_KEY,
      event_action: "trigger",
      dedup_key: "langgraph-store/host-1/breaker-open/vectors",
      client: "langgraph-store-scylladb",
      links: [{ href: "https://docs.example.com/operations#breaker-open", text: "What to do" }],
      payload: {
        summary: "Calls to Qdrant keep failing: its circuit breaker is open.",
        source: "host-1",
        severity: "critical",
        timestamp: "2026-01-02T03:04:05.000Z",
        component: "vectors",
        group: "langgraph-store",
        class: "breaker-open",
        custom_details: {
          value: 0.02,
          limit: 0.01,
          started_at: "2026-01-02T03:04:05.000Z",
          runbook: "https://docs.example.com/operations#breaker-open",
        },
      },
    });
  });

  test("PagerDuty receives a resolve with the same key, within its limits and severities", async () => {
    receiver.answer = status(202);
    await pagerDuty().send(notice(ended), signal());
    await pagerDuty().send(notice({ severity: "degraded", summary: "x".repeat(5_000), runbook: "docs/operations.md#a" }), signal());
    await pagerDuty().send(notice({ severity: "warning", subject: null }), signal());
    const [resolve, long, warning] = receiver.bodies as { payload: Record<string, unknown> }[];
    expect(resolve).toMatchObject({ event_action: "resolve", dedup_key: notice().id, payload: { timestamp: ended.endedAt } });
    expect(long?.payload["severity"]).toBe("info");
    expect(String(long?.payload["summary"])).toHaveLength(1_024);
    // A link that is not a web address would be rejected.
    expect(long).not.toHaveProperty("links");
    expect(warning?.payload).toMatchObject({ severity: "warning", component: "store" });
    for (const { payload } of [resolve, long, warning].filter((each) => each !== undefined)) {
      for (const field of ["summary", "source", "severity"]) expect(payload[field]).toEqual(expect.stringMatching(/./));
    }
  });

  test("Slack receives text for notifications, and blocks", async () => {
    await slack().send(notice({ summary: "p99 of <search> & more" }), signal());
    await slack().send(notice({ ...ended, isRepeat: false }), signal());
    await slack().send(notice({ isRepeat: true, subject: "n".repeat(500), summary: "s".repeat(5_000) }), signal());
    const [firing, resolved, repeated] = receiver.bodies as { text: string; blocks: { type: string; text: { text: string } }[] }[];
    expect(receiver.requests[0]?.path).toBe("/services/T000/B000/hunter2");
    expect(firing).toEqual({
      text: "Firing critical: p99 of &lt;search&gt; &amp; more",
      blocks: [
        { type: "header", text: { type: "plain_text", text: "Firing: breaker-open (vectors)" } },
        { type: "section", text: { type: "mrkdwn", text: "p99 of &lt;search&gt; &amp; more" } },
        {
          type: "section",
          fields: [
            { type: "mrkdwn", text: "*Severity:* critical" },
            { type: "mrkdwn", text: "*Source:* host-1" },
            { type: "mrkdwn", text: "*Since:* 2026-01-02T03:04:05.000Z" },
          ],
        },
        { type: "context", elements: [{ type: "mrkdwn", text: "What to do: https://docs.example.com/operations#breaker-open" }] },
      ],
    });
    expect(resolved?.text).toContain("Resolved critical:");
    expect(JSON.stringify(resolved?.blocks)).toContain(`*Until:* ${ended.endedAt}`);
    expect(repeated?.blocks[0]?.text.text).toHaveLength(150);
    expect(repeated?.blocks[0]?.text.text).toContain("Still firing");
    expect(repeated?.blocks[1]?.text.text).toHaveLength(3_000);
  });

  test("a webhook receives the notice unchanged, with its headers", async () => {
    await webhook().send(notice(), signal());
    expect(receiver.requests[0]?.headers["authorization"]).toBe("Bearer s3cret");
    expect(receiver.bodies[0]).toEqual({ version: 1, ...notice() });
  });

  test.each([500, 502, 503, 408, 429])("a response with status %i is retryable", async (code) => {
    receiver.answer = status(code, "try later");
    expect((await failure(slack())).isTransient).toBe(true);
  });

  test.each([400, 401, 403, 404, 410])("a response with status %i is not retryable", async (code) => {
    receiver.answer = status(code, { status: "invalid event", errors: ["Length of 'routing_key' is incorrect"] });
    const error = await failure(pagerDuty());
    expect(error.isTransient).toBe(false);
    expect(error.message).toContain(`PagerDuty answered ${code}`);
    expect(error.message).toContain("Length of 'routing_key'");
  });

  test("a retry-after is respected, up to a maximum", async () => {
    receiver.answer = status(429, "rate_limited", { "retry-after": "7" });
    expect((await failure(slack())).retryAfterMs).toBe(7_000);
    receiver.answer = status(429, "", { "retry-after": "999999" });
    expect((await failure(slack())).retryAfterMs).toBe(15 * 60_000);
  });

  test("an error never contains a secret, for any response", async () => {
    receiver.answer = (request, response) => {
      response.statusCode = 400;
      response.end(JSON.stringify({ said: request.path, with: request.headers, body: request.body }));
    };
    const sinks = [pagerDuty(), slack(), webhook()];
    for (const sink of sinks) expect((await failure(sink)).message).not.toMatch(/hunter2|s3cret|0123456789abcdef/);
    await receiver.close();
    for (const sink of sinks) {
      const error = await failure(sink);
      expect(error.message).toContain("is unreachable");
      expect(error.message).not.toMatch(/hunter2|s3cret|0123456789abcdef/);
      expect(error.isTransient).toBe(true);
    }
    receiver = await new HttpReceiver().listen();
  });

  test("a sink with an untrusted certificate receives nothing, even with NODE_TLS_REJECT_UNAUTHORIZED=0", async () => {
    ignoreCertificates();
    const authority = await CertificateAuthority.create("A stranger");
    const impostor = await TlsProxy.start({ ...(await authority.issue({ names: ["127.0.0.1"] })), targetPort: receiver.port });
    onTestFinished(() => impostor.stop());
    const sink = new WebhookSink({ url: secret(`https://127.0.0.1:${impostor.port}/hook`), headers: {} });
    expect((await failure(sink)).message).toContain("is unreachable");
    expect([impostor.clients, receiver.requests.length]).toEqual([0, 0]);
  });

  test("a redirect is not followed, because the secret is for the configured address", async () => {
    receiver.answer = status(307, "", { location: "/elsewhere" });
    await failure(webhook());
    expect(receiver.requests).toHaveLength(1);
  });
});

describe("the mail sink", () => {
  const options = (server: LocalSmtp, given: Partial<EmailOptions> = {}): EmailOptions => ({
    host: "127.0.0.1",
    port: server.port,
    tls: "none",
    password: null,
    from: "agents@example.com",
    to: ["on-call@example.com", "second@example.com"],
    timeoutMs: 5_000,
    ...given,
  });
  const server = (given?: SmtpOptions) => new LocalSmtp(given).listen();
  const login = { user: "agents", password: "hunter2" };

  test("sends to all recipients, in one thread", async () => {
    await using smtp = await server();
    const sink = new EmailSink(options(smtp));
    await sink.send(notice({ value: 0.02, limit: 0.01 }));
    await sink.send(notice(ended));
    const [firing, resolved] = smtp.mails;
    expect(firing).toMatchObject({ from: "agents@example.com", to: ["on-call@example.com", "second@example.com"], user: null });
    expect(firing?.headers["subject"]).toBe("[firing] critical: breaker-open vectors on host-1");
    expect(firing?.headers["auto-submitted"]).toBe("auto-generated");
    expect(firing?.text).toContain("Calls to Qdrant keep failing");
    expect(firing?.text).toContain("limit 0.01");
    expect(firing?.text).toContain("https://docs.example.com/operations#breaker-open");
    expect(resolved?.headers["subject"]).toContain("[resolved]");
    expect(resolved?.headers["references"]).toBe(firing?.headers["references"]);
    expect(resolved?.text).toContain(ended.endedAt);
  });

  test("logs in first", async () => {
    await using smtp = await server({ login });
    await new EmailSink(options(smtp, { user: login.user, password: secret(login.password) })).send(notice());
    expect(smtp.mails[0]?.user).toBe("agents");
  });

  test("reports a wrong password as final, without showing it", async () => {
    await using smtp = await server({ login });
    const error = await failure(new EmailSink(options(smtp, { user: "agents", password: secret("s3cret") })));
    expect(error.isTransient).toBe(false);
    expect(error.message).not.toContain("s3cret");
  });

  test("reports a busy server as retryable, and a refused mail as final", async () => {
    await using smtp = await server();
    smtp.refusal = { code: 451, text: "try again later" };
    expect((await failure(new EmailSink(options(smtp)))).isTransient).toBe(true);
    smtp.refusal = { code: 554, text: "no such user here" };
    expect((await failure(new EmailSink(options(smtp)))).isTransient).toBe(false);
  });

  test("sends nothing in clear text if TLS is required", async () => {
    await using plain = await server();
    expect((await failure(new EmailSink(options(plain, { tls: "starttls" })))).message).toMatch(/STARTTLS|TLS/);
    expect(plain.mails).toEqual([]);
  });

  test("rejects an untrusted certificate, even with NODE_TLS_REJECT_UNAUTHORIZED=0", async () => {
    ignoreCertificates();
    await using smtp = await server({ startTls: true });
    expect((await failure(new EmailSink(options(smtp, { tls: "starttls" })))).message).toMatch(/certificate|self.signed|expired/i);
    expect(smtp.mails).toEqual([]);
  });

  test("reports an unreachable server as retryable", async () => {
    const smtp = await server();
    const sink = new EmailSink(options(smtp));
    await smtp.close();
    expect((await failure(sink)).isTransient).toBe(true);
  });
});

test("a callback receives the notice, and its failure is retryable", async () => {
  const seen: unknown[] = [];
  await new CallbackSink((each) => void seen.push(each)).send(notice());
  expect(seen).toEqual([notice()]);
  await expect(new CallbackSink(() => Promise.reject(new Error("no"))).send(notice())).rejects.toThrow("no");
});
