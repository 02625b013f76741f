/** Secrets in Vault, with a dedicated OpenBao. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
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
import { startVault, type LocalVault } from "../servers/vault.ts";
import { configWithKey, followSecrets, type SecretsInput } from "../support/secret-places.ts";
import { SecretWatch } from "../support/secret-watch.ts";
import { allowOldTls, ignoreCertificates } from "../support/weak-tls.ts";

const watch = new SecretWatch();
let started: LocalVault | undefined;

beforeAll(async () => {
  started = await startVault();
  watch.guard("root token", started.rootToken);
  await started.request("POST", "sys/mounts/old", { type: "kv", options: { version: "1" } });
  await started.request("POST", "sys/mounts/team/kv", { type: "kv", options: { version: "2" } });
  await started.request("POST", "sys/auth/approle", { type: "approle" });
});
afterAll(async () => {
  await started?.stop();
  watch.stop();
});

function vault(): LocalVault {
  if (started === undefined) throw new Error("OpenBao did not start.");
  return started;
}

async function tokenFor(path: string, lifeSeconds?: number): Promise<string> {
  return watch.guard("token", await vault().tokenFor(path, lifeSeconds));
}

function at(token: string, more: Partial<SecretsInput> = {}): SecretsInput {
  return { ...more, vault: { address: vault().address, token } };
}

/** Creates a role that may read one path, with a token TTL in seconds. */
async function appRole(name: string, path: string, lifeSeconds: number): Promise<SecretsInput> {
  await vault().request("POST", `sys/policies/acl/${name}`, { policy: `path "secret/data/${path}" { capabilities = ["read"] }` });
  await vault().request("POST", `auth/approle/role/${name}`, { token_policies: name, token_ttl: `${lifeSeconds}s`, token_max_ttl: `${lifeSeconds}s` });
  const { data: role } = await vault().request("GET", `auth/approle/role/${name}/role-id`);
  const { data: secret } = await vault().request("POST", `auth/approle/role/${name}/secret-id`);
  const secretId = watch.guard("secret id", String(secret?.["secret_id"]));
  return { vault: { address: vault().address, appRole: { roleId: String(role?.["role_id"]), secretId } } };
}

async function startFailure(reference: string, secrets: SecretsInput): Promise<Error> {
  return watch.rejection(ScyllaDBStore.connect({ ...configWithKey(reference, secrets), logger: watch.logger }));
}

describe("reading from Vault", () => {
  test("supports key-value engines of both versions, at any mount", async () => {
    const text = watch.secret("key");
    await vault().write("reading", { qdrant: text });
    await vault().request("POST", "old/reading", { qdrant: text });
    await vault().request("POST", "team/kv/data/a/b", { data: { qdrant: text } });
    for (const reference of ["vault://secret/reading#qdrant", "vault://old/reading#qdrant", "vault://team/kv/a/b#qdrant"]) {
      await using followed = followSecrets(at(vault().rootToken));
      const key = followed.text(reference);
      await followed.secrets.start();
      expect(key.current().reveal()).toBe(text);
      watch.show(followed);
      watch.show(key);
    }
  });

  test("uses the standard environment variables", async () => {
    const text = watch.secret("key");
    await vault().write("environment", { qdrant: text });
    const token = await tokenFor("environment");
    await using followed = followSecrets({}, { VAULT_ADDR: vault().address, VAULT_TOKEN: token });
    const key = followed.text("vault://secret/environment#qdrant");
    await followed.secrets.start();
    expect(key.current().reveal()).toBe(text);
  });

  test("resolves a token that is a reference", async () => {
    const text = watch.secret("key");
    await vault().write("by-reference", { qdrant: text });
    const env = { BAO: await tokenFor("by-reference") };
    await using followed = followSecrets(at("env://BAO"), env);
    const key = followed.text("vault://secret/by-reference#qdrant");
    await followed.secrets.start();
    expect(key.current().reveal()).toBe(text);
  });

  test("reads a document once for all its fields", async () => {
    await vault().write("fields", { username: watch.secret("name"), password: watch.secret("password") });
    await using followed = followSecrets(at(vault().rootToken));
    const [username, password] = [followed.text("vault://secret/fields#username"), followed.text("vault://secret/fields#password")];
    await followed.secrets.start();
    expect([username.current().reveal(), password.current().reveal()]).toEqual([
      expect.stringMatching(/^name-/),
      expect.stringMatching(/^password-/),
    ]);
  });
});

describe("the start fails with option and reason for", () => {
  test("a token without rights", async () => {
    await vault().write("denied", { qdrant: watch.secret("key") });
    const error = await startFailure("vault://secret/denied#qdrant", at(await tokenFor("another")));
    expect(error).toBeInstanceOf(PermissionError);
    expect(error.message).toMatch(/qdrant\.apiKey, vault:\/\/secret\/denied#qdrant, could not be read.*"read" on secret\/data\/denied/);
  });

  test("a path without a mount", async () => {
    const error = await startFailure("vault://nowhere/agents#qdrant", at(vault().rootToken));
    expect(error).toBeInstanceOf(PermissionError);
    expect(error.message).toContain("denied access: nothing is mounted at nowhere/agents, or the token's policies allow no access to it");
  });

  test("a wrong token, and an expired one", async () => {
    await vault().write("expired", { qdrant: watch.secret("key") });
    const expired = await tokenFor("expired", 1);
    await vi.waitFor(() => expect(statusOf(expired)).resolves.toBe(403), { timeout: 120_000, interval: 200 });
    for (const token of [expired, watch.secret("wrong-token")]) {
      const error = await startFailure("vault://secret/expired#qdrant", at(token));
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error.message).toMatch(/vault:\/\/secret\/expired#qdrant.*rejected the token: it is wrong, was revoked or has expired/);
    }
  });

  test("a wrong secret id", async () => {
    const { vault: options } = await appRole("wrong", "wrong", 60);
    const wrong = { vault: { ...options, appRole: { roleId: options?.appRole?.roleId ?? "", secretId: watch.secret("wrong-id") } } };
    const error = await startFailure("vault://secret/wrong#qdrant", wrong);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error.message).toContain("rejected the login at auth/approle");
  });

  test("a secret that is missing, deleted, or without the field", async () => {
    await vault().write("gone", { qdrant: watch.secret("key") });
    await vault().request("DELETE", "secret/data/gone");
    await vault().write("fieldless", { other: watch.secret("other"), number: 5 });
    for (const [reference, why] of [
      ["vault://secret/none#qdrant", /has no secret at secret\/none/],
      ["vault://secret/gone#qdrant", /has no secret at secret\/gone, or it is deleted/],
      ["vault://secret/fieldless#qdrant", /The document has no field "qdrant"; its fields are "number", "other"/],
      ["vault://secret/fieldless#number", /The field "number" must be text, but is number/],
    ] as const) {
      const error = await startFailure(reference, at(vault().rootToken));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toMatch(why);
      expect(error.message).toContain(reference);
    }
  });

  test("a missing address or login", async () => {
    for (const [env, why] of [
      [{}, /set secrets\.vault\.address or VAULT_ADDR/],
      [{ VAULT_ADDR: vault().address }, /set secrets\.vault\.token \(or VAULT_TOKEN\)/],
      [{ VAULT_ADDR: "vault.internal" }, /VAULT_ADDR must be a URL/],
      [{ VAULT_ADDR: "https://user:hunter2@vault.internal" }, /^(?!.*hunter2).*VAULT_ADDR must not contain a user, a password or a query/],
    ] as const) {
      await using followed = followSecrets({}, env);
      followed.text("vault://secret/any#qdrant");
      await expect(followed.secrets.start()).rejects.toThrow(why);
    }
  });

  test("an unreachable Vault", async () => {
    const error = await startFailure("vault://secret/any#qdrant", { vault: { address: "http://127.0.0.1:1", token: watch.secret("token") } });
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(/vault:\/\/secret\/any#qdrant, could not be read. Vault at http:\/\/127\.0\.0\.1:1 is unreachable: .*ECONNREFUSED/);
  });
});

test("an expired login token is replaced by a new login", async () => {
  const text = watch.secret("key");
  await vault().write("role", { qdrant: text });
  const options = await appRole("agents", "role", 1);
  await using followed = followSecrets({ ...options, lifetimeMs: 200 });
  const key = followed.text("vault://secret/role#qdrant");
  await followed.secrets.start();
  // All issued tokens expire at once, as after a revocation.
  await vault().request("POST", "sys/leases/revoke-prefix/auth/approle");
  const rotated = watch.secret("rotated-key");
  await vault().write("role", { qdrant: rotated });
  await vi.waitFor(() => expect(key.current().reveal()).toBe(rotated), { timeout: 120_000 });
  expect(followed.events.filter(({ type }) => type === "secret-refresh-failed")).toEqual([]);
});

test("a rotated secret is used without a restart, and at once after a server refused the old one", async () => {
  const [first, second] = [watch.secret("first-key"), watch.secret("second-key")];
  await vault().write("rotating", { qdrant: first });
  await using followed = followSecrets(at(await tokenFor("rotating")));
  const key = followed.text("vault://secret/rotating#qdrant");
  await followed.secrets.start();
  const refused = key.current();
  await vault().write("rotating", { qdrant: second });
  expect(key.current().reveal()).toBe(first);
  expect((await key.refused(refused))?.reveal()).toBe(second);
  expect(key.current().reveal()).toBe(second);
  expect(followed.events).toEqual([{ type: "secret-rotated", secret: "vault://secret/rotating" }]);
});

test("an outage while the store runs keeps the last valid secret and is reported; a hanging request is aborted", async () => {
  const own = await startVault();
  try {
    const text = watch.secret("key");
    await own.write("outage", { qdrant: text });
    await using followed = followSecrets({ lifetimeMs: 200, timeoutMs: 3_000, vault: { address: own.address, token: watch.guard("root token", own.rootToken) } });
    const key = followed.text("vault://secret/outage#qdrant");
    await followed.secrets.start();
    await own.pause();
    await vi.waitFor(() => expect(followed.events.at(-1)).toMatchObject({ cause: expect.stringContaining("did not answer within 3000 ms") as unknown }), { timeout: 120_000 });
    expect(key.current().reveal()).toBe(text);
    await using late = followSecrets({ timeoutMs: 300, vault: { address: own.address, token: own.rootToken } });
    late.text("vault://secret/outage#qdrant");
    expect(await watch.rejection(late.secrets.start())).toBeInstanceOf(TimeoutError);
    own.resume();
    await own.kill();
    await vi.waitFor(() => expect(followed.events.at(-1)).toMatchObject({ cause: expect.stringContaining("ECONNREFUSED") as unknown }), { timeout: 120_000 });
    expect(key.current().reveal()).toBe(text);
    for (const event of followed.events) watch.show(event);
  } finally {
    await own.stop();
  }
});

test("an impostor does not receive the token, even with NODE_TLS_REJECT_UNAUTHORIZED=0 and --tls-min-v1.0", async () => {
  ignoreCertificates();
  allowOldTls();
  const authority = await CertificateAuthority.create("A stranger");
  for (const versions of ["current", "old"] as const) {
    const impostor = await TlsProxy.start({ ...(await authority.issue({ names: ["127.0.0.1"] })), targetPort: Number(new URL(vault().address).port), versions });
    onTestFinished(() => impostor.stop());
    const address = `https://127.0.0.1:${impostor.port}`;
    const error = await startFailure("vault://secret/impostor#qdrant", { vault: { address, token: watch.guard("root token", vault().rootToken) } });
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toContain("is unreachable");
    expect(impostor.clients).toBe(0);
  }
});

test("no output of these tests contains a secret", () => {
  expect(watch.recorded).toBeGreaterThan(50);
  expect(watch.leaks()).toEqual([]);
});

async function statusOf(token: string): Promise<number> {
  return (await fetch(`${vault().address}/v1/auth/token/lookup-self`, { headers: { "x-vault-token": token } })).status;
}
