/** Secrets in AWS Secrets Manager, with a dedicated moto that checks signatures and rights. */
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  PermissionError,
  ScyllaDBStore,
  TimeoutError,
} from "langgraph-store-scylladb";
import { CertificateAuthority } from "../servers/certificates.ts";
import { TlsProxy } from "../servers/tls-proxy.ts";
import { startMoto, type AccessKey, type LocalMoto } from "../servers/moto.ts";
import { configWithKey, followSecrets, type SecretsInput } from "../support/secret-places.ts";
import { SecretWatch } from "../support/secret-watch.ts";
import { ignoreCertificates } from "../support/weak-tls.ts";

const watch = new SecretWatch();
let started: LocalMoto | undefined;
let reader: AccessKey;
let unprivileged: AccessKey;
let admin: SecretsManagerClient;

beforeAll(async () => {
  started = await startMoto();
  reader = await started.userWith(["secretsmanager:GetSecretValue"]);
  unprivileged = await started.userWith([]);
  const all = await started.userWith(["secretsmanager:*"]);
  await started.checkRights();
  admin = new SecretsManagerClient({ ...options(), credentials: all });
  for (const { secretAccessKey } of [reader, unprivileged, all]) watch.guard("access key", secretAccessKey);
});
afterAll(async () => {
  admin.destroy();
  await started?.stop();
  watch.stop();
});
// The SDK looks for credentials in the environment, as it does in production.
afterEach(() => vi.unstubAllEnvs());

function moto(): LocalMoto {
  if (started === undefined) throw new Error("moto did not start.");
  return started;
}

function options(): { readonly region: string; readonly endpoint: string } {
  return { region: moto().region, endpoint: moto().endpoint };
}

function as({ accessKeyId, secretAccessKey }: AccessKey): void {
  vi.stubEnv("AWS_ACCESS_KEY_ID", accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", secretAccessKey);
}

async function create(name: string, text: string): Promise<string> {
  const { ARN = "" } = await admin.send(new CreateSecretCommand({ Name: name, SecretString: text }));
  return ARN;
}

async function startFailure(reference: string, secrets: SecretsInput): Promise<Error> {
  return watch.rejection(ScyllaDBStore.connect({ ...configWithKey(reference, secrets), logger: watch.logger }));
}

test("an entire secret and a field are read, by name and by ARN", async () => {
  as(reader);
  const [whole, part] = [watch.secret("whole"), watch.secret("part")];
  await create("reading/whole", whole);
  const arn = await create("reading/fields", JSON.stringify({ qdrant: part }));
  await using followed = followSecrets({ aws: { endpoint: moto().endpoint, region: moto().region } });
  const references = ["aws-sm://reading/whole", "aws-sm://reading/fields#qdrant", `aws-sm://${arn}#qdrant`];
  const keys = references.map((reference) => followed.text(reference));
  await followed.secrets.start();
  expect(keys.map((key) => key.current().reveal())).toEqual([whole, part, part]);
  watch.show(followed);
});

test("the region of an ARN is used if no other is configured", async () => {
  as(reader);
  const text = watch.secret("regional");
  const arn = await create("reading/regional", text);
  await using followed = followSecrets({ aws: { endpoint: moto().endpoint } });
  const key = followed.text(`aws-sm://${arn}`);
  await followed.secrets.start();
  expect(key.current().reveal()).toBe(text);
});

describe("the start fails with option and reason for", () => {
  test("a user without rights", async () => {
    as(unprivileged);
    await create("denied", watch.secret("denied"));
    const error = await startFailure("aws-sm://denied", { aws: options() });
    expect(error).toBeInstanceOf(PermissionError);
    expect(error.message).toMatch(/qdrant\.apiKey, aws-sm:\/\/denied, could not be read.*allow secretsmanager:GetSecretValue/);
  });

  test("a service with an untrusted certificate, even with NODE_TLS_REJECT_UNAUTHORIZED=0", async () => {
    as(reader);
    ignoreCertificates();
    const authority = await CertificateAuthority.create("A stranger");
    const targetPort = Number(new URL(moto().endpoint).port);
    const impostor = await TlsProxy.start({ ...(await authority.issue({ names: ["127.0.0.1"] })), targetPort });
    onTestFinished(() => impostor.stop());
    const aws = { region: moto().region, endpoint: `https://127.0.0.1:${impostor.port}` };
    expect((await startFailure("aws-sm://any", { timeoutMs: 3_000, aws })).message).toMatch(/could not be read/);
    expect(impostor.clients).toBe(0);
  });

  test("wrong keys", async () => {
    await create("unknown", watch.secret("unknown"));
    for (const key of [
      { accessKeyId: "AKIANOBODYKNOWSTHIS0", secretAccessKey: watch.secret("unknown-key") },
      { ...reader, secretAccessKey: watch.secret("wrong-key") },
    ]) {
      as(key);
      const error = await startFailure("aws-sm://unknown", { aws: options() });
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error.message).toMatch(/aws-sm:\/\/unknown, could not be read. AWS rejected the credentials/);
    }
  });

  test("a missing secret or field", async () => {
    as(reader);
    await create("fieldless", JSON.stringify({ other: watch.secret("other") }));
    await create("no-json", watch.secret("no-json"));
    for (const [reference, why] of [
      ["aws-sm://none", /AWS Secrets Manager has no such secret in this region/],
      ["aws-sm://fieldless#qdrant", /The document has no field "qdrant"; its fields are "other"/],
      ["aws-sm://no-json#qdrant", /The document has no fields because it is not a JSON object/],
    ] as const) {
      const error = await startFailure(reference, { aws: options() });
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toMatch(why);
      expect(error.message).toContain(reference);
    }
  });

  test("an unreachable service", async () => {
    as(reader);
    const away = { aws: { ...options(), endpoint: "http://127.0.0.1:1" } };
    const error = await startFailure("aws-sm://any", away);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(/aws-sm:\/\/any, could not be read. AWS Secrets Manager is unreachable/);
  });

  test("a service that does not answer", async () => {
    as(reader);
    await moto().pause();
    try {
      const error = await startFailure("aws-sm://any", { timeoutMs: 300, aws: options() });
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toContain("AWS Secrets Manager did not answer within 300 ms");
    } finally {
      moto().resume();
    }
  });
});

test("a rotated secret is used without a restart; an outage keeps the last valid one and is reported", async () => {
  as(reader);
  const [first, second] = [watch.secret("first"), watch.secret("second")];
  await create("rotating", JSON.stringify({ qdrant: first }));
  await using followed = followSecrets({ lifetimeMs: 200, timeoutMs: 3_000, aws: options() });
  const key = followed.text("aws-sm://rotating#qdrant");
  await followed.secrets.start();
  expect(key.current().reveal()).toBe(first);
  await admin.send(new PutSecretValueCommand({ SecretId: "rotating", SecretString: JSON.stringify({ qdrant: second }) }));
  await vi.waitFor(() => expect(key.current().reveal()).toBe(second), { timeout: 120_000 });
  expect(followed.events).toEqual([{ type: "secret-rotated", secret: "aws-sm://rotating" }]);
  await moto().pause();
  try {
    await vi.waitFor(() => expect(followed.events.at(-1)?.type).toBe("secret-refresh-failed"), { timeout: 120_000 });
    expect(key.current().reveal()).toBe(second);
    watch.show(followed.events);
  } finally {
    moto().resume();
  }
});

test("no output of these tests contains a secret", () => {
  expect(watch.recorded).toBeGreaterThan(20);
  expect(watch.leaks()).toEqual([]);
});
