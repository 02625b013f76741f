/** Secrets in environment variables and files, and their errors. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ConfigurationError, ScyllaDBStore, type StoreEvent } from "langgraph-store-scylladb";
import { secrets as options } from "../../../src/config/options/secrets.ts";
import { parseReference } from "../../../src/config/secrets/reference.ts";
import { Secrets } from "../../../src/config/secrets/secrets.ts";
import { loadPackage } from "../../../src/config/secrets/load-package.ts";
import type { SecretText } from "../../../src/ports/secrets.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "secrets-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function secretsOf(env: NodeJS.ProcessEnv, lifetimeMs = 60_000) {
  const events: StoreEvent[] = [];
  const secrets = new Secrets(options.parse({ lifetimeMs }), { emit: (event) => events.push(event) }, env);
  const text = (reference: string): SecretText => {
    const parsed = parseReference(reference);
    if (parsed === null) throw new Error(`${reference} is no reference`);
    return secrets.text(parsed, "qdrant.apiKey");
  };
  return { secrets, events, text, [Symbol.asyncDispose]: () => secrets.stop() };
}

test("an environment variable is read", async () => {
  await using near = secretsOf({ KEY: "of-the-environment" });
  const text = near.text("env://KEY");
  expect(() => text.current()).toThrow("not been read yet");
  await near.secrets.start();
  expect(text.current().reveal()).toBe("of-the-environment");
  expect(text.current()).toBe(text.current());
});

test("a file that is a pipe, a device or too large is rejected at once", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const big = join(folder, "big");
  await writeFile(big, "x".repeat(1024 * 1024 + 1));
  for (const [path, reason] of [[pipe, "is not a regular file"], ["/dev/zero", "is not a regular file"], [big, "larger than 1048576 bytes"]] as const) {
    await using near = secretsOf({});
    near.text(`file://${path}`);
    await expect(near.secrets.start()).rejects.toThrow(reason);
  }
});

test("a file is read without its final line break", async () => {
  for (const [name, written, read] of [
    ["plain", "of-a-file", "of-a-file"],
    ["feed", "of-a-file\n", "of-a-file"],
    ["windows", "of-a-file\r\n", "of-a-file"],
    ["two", "of-a-file\n\n", "of-a-file\n"],
    ["space", " of a file ", " of a file "],
  ] as const) {
    const path = join(folder, name);
    await writeFile(path, written);
    await using near = secretsOf({});
    const text = near.text(`file://${path}`);
    await near.secrets.start();
    expect(text.current().reveal()).toBe(read);
  }
});

test("a changed file is read again and reported", async () => {
  const path = join(folder, "changing");
  await writeFile(path, "first\n");
  await using near = secretsOf({}, 100);
  const text = near.text(`file://${path}`);
  await near.secrets.start();
  await writeFile(path, "second\n");
  await vi.waitFor(() => expect(text.current().reveal()).toBe("second"), { timeout: 120_000 });
  expect(near.events).toContainEqual({ type: "secret-rotated", secret: `file://${path}` });
  await rm(path);
  await vi.waitFor(() => expect(near.events.at(-1)?.type).toBe("secret-refresh-failed"), { timeout: 120_000 });
  expect(text.current().reveal()).toBe("second");
  expect(near.events.at(-1)).toMatchObject({ secret: `file://${path}`, cause: expect.stringContaining("no such file") as unknown });
});

test("missing secrets are named with their options, all at once", async () => {
  const started = ScyllaDBStore.connect({
    cql: {
      contactPoints: ["127.0.0.1:1"],
      localDataCenter: "datacenter1",
      keyspace: "agents",
      credentials: { username: "agents", password: `file://${folder}/none` },
    },
    qdrant: { url: "http://127.0.0.1:1", apiKey: "env://NO_SUCH_VARIABLE", headers: { "x-tenant": "env://NO_SUCH_HEADER" } },
    index: { dims: 3, embeddings: { embedDocuments: () => Promise.resolve([]), embedQuery: () => Promise.resolve([]) } },
  });
  await expect(started).rejects.toThrow(ConfigurationError);
  await expect(started).rejects.toThrow(/cql\.credentials\.password, file:\/\/.*\/none, could not be read.*no such file/);
  await expect(started).rejects.toThrow(/qdrant\.apiKey, env:\/\/NO_SUCH_VARIABLE, could not be read.*environment variable/);
  await expect(started).rejects.toThrow(/qdrant\.headers\.x-tenant, env:\/\/NO_SUCH_HEADER/);
});

test("an invalid reference is a configuration error, reported before anything else", () => {
  const make = (): ScyllaDBStore =>
    new ScyllaDBStore({
      cql: { contactPoints: ["127.0.0.1"], localDataCenter: "dc1", keyspace: "agents", credentials: { username: "u", password: "vault://agents" } },
      qdrant: { url: "http://127.0.0.1", apiKey: "env://", headers: { a: "aws://b" } },
    });
  expect(make).toThrow(/cql\.credentials\.password: .*vault:\/\/mount\/path#field/);
  expect(make).toThrow(/qdrant\.apiKey: .*env:\/\/NAME/);
  expect(make).toThrow(/qdrant\.headers\.a: .*unknown scheme, aws:\/\//);
});

test("a missing package is named", async () => {
  const missing = loadPackage("@azure/identity", () => Promise.reject(notFound("Cannot find package '@azure/identity'")));
  await expect(missing).rejects.toThrow(ConfigurationError);
  await expect(missing).rejects.toThrow("npm install @azure/identity");
  const inner = loadPackage("@azure/identity", () => Promise.reject(notFound("Cannot find package 'tslib'")));
  await expect(inner).rejects.toThrow("Cannot find package 'tslib'");
});

function notFound(message: string): Error {
  return Object.assign(new Error(message), { code: "ERR_MODULE_NOT_FOUND" });
}
