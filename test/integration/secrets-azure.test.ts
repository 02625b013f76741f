/** Secrets in Azure Key Vault: Azure's packages against a server with its API. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  PermissionError,
  ScyllaDBStore,
  UnavailableError,
} from "langgraph-store-scylladb";
import { LocalKeyVault } from "../servers/azure.ts";
import { configWithKey, followSecrets, type SecretsInput } from "../support/secret-places.ts";
import { SecretWatch } from "../support/secret-watch.ts";
import { ignoreCertificates } from "../support/weak-tls.ts";

const watch = new SecretWatch();
const trusted = getCACertificates("default");
let vault: LocalKeyVault;

beforeAll(async () => {
  vault = await LocalKeyVault.start();
  watch.guard("client secret", vault.application.clientSecret);
  setDefaultCACertificates([...trusted, vault.ca]);
});
afterAll(async () => {
  setDefaultCACertificates(trusted);
  await vault[Symbol.asyncDispose]();
  watch.stop();
});
// DefaultAzureCredential looks for credentials in the environment first, as it does in production.
beforeEach(() => logInAs(vault.application.clientSecret));
afterEach(() => vi.unstubAllEnvs());

function logInAs(clientSecret: string): void {
  const { tenantId, clientId } = vault.application;
  vi.stubEnv("AZURE_TENANT_ID", tenantId);
  vi.stubEnv("AZURE_CLIENT_ID", clientId);
  vi.stubEnv("AZURE_CLIENT_SECRET", clientSecret);
}

function options(more: Partial<SecretsInput> = {}): SecretsInput {
  return { timeoutMs: 60_000, ...more, azure: { endpoint: vault.url, authorityHost: vault.url } };
}

async function startFailure(reference: string, secrets: SecretsInput): Promise<Error> {
  return watch.rejection(ScyllaDBStore.connect({ ...configWithKey(reference, secrets), logger: watch.logger }));
}

test("a secret is read", async () => {
  const text = watch.secret("key");
  vault.set("reading", text);
  await using followed = followSecrets(options());
  const key = followed.text("azure-kv://agents/reading");
  await followed.secrets.start();
  expect(key.current().reveal()).toBe(text);
  watch.show(followed);
});

describe("the start fails with option and reason for", () => {
  test("an application without rights", async () => {
    vault.set("denied", watch.secret("key"));
    vault.isAllowed = false;
    try {
      const error = await startFailure("azure-kv://agents/denied", options());
      expect(error).toBeInstanceOf(PermissionError);
      expect(error.message).toMatch(/qdrant\.apiKey, azure-kv:\/\/agents\/denied, could not be read. The Azure vault agents denied access/);
    } finally {
      vault.isAllowed = true;
    }
  });

  test("a wrong client secret", async () => {
    logInAs(watch.secret("wrong-client-secret"));
    const error = await startFailure("azure-kv://agents/any", options());
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error.message).toMatch(/azure-kv:\/\/agents\/any, could not be read. Azure rejected the credentials, or none were found/);
  });

  test("a missing secret", async () => {
    const error = await startFailure("azure-kv://agents/none", options());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(/The Azure vault agents has no secret none/);
  });

  test("an unreachable vault", async () => {
    const away = { timeoutMs: 3_000, azure: { endpoint: "https://127.0.0.1:1", authorityHost: vault.url } };
    const error = await startFailure("azure-kv://agents/any", away);
    expect(error.message).toMatch(/azure-kv:\/\/agents\/any, could not be read/);
    expect(["ConnectionError", "TimeoutError"]).toContain(error.name);
    expect(error instanceof ConnectionError || error.message.includes("did not answer within 3000 ms")).toBe(true);
  });

  test("a vault or authority with an untrusted certificate, even with NODE_TLS_REJECT_UNAUTHORIZED=0", async () => {
    ignoreCertificates();
    await using impostor = await LocalKeyVault.start();
    const timeoutMs = 3_000;
    for (const azure of [{ endpoint: vault.url, authorityHost: impostor.url }, { endpoint: impostor.url, authorityHost: vault.url }]) {
      expect((await startFailure("azure-kv://agents/any", { timeoutMs, azure })).message).toMatch(/could not be read/);
    }
    expect(impostor.requests).toBe(0);
  });

  test("a vault that answers with an error", async () => {
    vault.mode = "away";
    try {
      const error = await startFailure("azure-kv://agents/any", options({ timeoutMs: 2_000 }));
      expect(["UnavailableError", "TimeoutError", "AuthenticationError"]).toContain(error.name);
      expect(error instanceof UnavailableError || error.message.length > 0).toBe(true);
    } finally {
      vault.mode = "serving";
    }
  });
});

test("a rotated secret is used without a restart; an expired token is replaced", async () => {
  const [first, second] = [watch.secret("first"), watch.secret("second")];
  vault.set("rotating", first);
  await using followed = followSecrets(options({ lifetimeMs: 200 }));
  const key = followed.text("azure-kv://agents/rotating");
  await followed.secrets.start();
  expect(key.current().reveal()).toBe(first);
  vault.revokeTokens();
  vault.set("rotating", second);
  await vi.waitFor(() => expect(key.current().reveal()).toBe(second), { timeout: 120_000 });
  expect(followed.events.at(-1)).toEqual({ type: "secret-rotated", secret: "azure-kv://agents/rotating" });
});

test("an outage while the store runs keeps the last valid secret and is reported", async () => {
  const text = watch.secret("key");
  vault.set("outage", text);
  await using followed = followSecrets(options({ lifetimeMs: 200, timeoutMs: 3_000 }));
  const key = followed.text("azure-kv://agents/outage");
  await followed.secrets.start();
  vault.mode = "away";
  try {
    await vi.waitFor(() => expect(followed.events.at(-1)?.type).toBe("secret-refresh-failed"), { timeout: 120_000 });
    expect(key.current().reveal()).toBe(text);
    watch.show(followed.events);
  } finally {
    vault.mode = "serving";
  }
});

test("no output of these tests contains a secret", () => {
  expect(watch.recorded).toBeGreaterThan(10);
  expect(watch.leaks()).toEqual([]);
});
