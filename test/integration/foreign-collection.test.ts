/** Commands on a store whose collection is another program's, or has another name than before: the message, and how to continue. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { cli, cliJson } from "../support/cli.ts";
import { dropCollections, dropKeyspace, qdrantClient, serverConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const embedder = new URL("../support/cli-embeddings.ts", import.meta.url).pathname;
let folder: string;
let keyspace: string;
let flags: readonly string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "foreign-"));
  keyspace = uniqueName("foreign");
  const { cql } = serverConfig(servers, keyspace);
  const options: Readonly<Record<string, string | undefined>> = {
    "cql.contactPoints": cql.contactPoints?.join(","),
    "cql.localDataCenter": cql.localDataCenter,
    "cql.keyspace": keyspace,
    "cql.credentials.username": servers.cql.credentials?.username,
    "cql.credentials.password": servers.cql.credentials?.password,
    "qdrant.url": servers.qdrant.url,
    "qdrant.apiKey": servers.qdrant.apiKey,
    "index.dims": "64",
    "index.fields": "text",
  };
  flags = [...Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : ["--set", `${name}=${value}`])), "--embeddings", embedder, "--log-level", "silent"];
  expect(await cli(["migrate", "up", "--yes", ...flags])).toMatchObject({ code: 0 });
  expect(await cli(["put", "a", "k", '{"text":"green tea"}', ...flags])).toMatchObject({ code: 0 });
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});

async function collections(): Promise<string[]> {
  const found = await qdrantClient(servers).getCollections();
  return found.collections.map(({ name }) => name).filter((name) => name.startsWith(keyspace));
}

test("a collection of another program in the place of the store's own is named with the way to continue, and is not changed", async () => {
  const [name = ""] = await collections();
  const client = qdrantClient(servers);
  await client.deleteCollection(name);
  await client.createCollection(name, { vectors: { size: 4, distance: "Dot" } });
  const file = join(folder, "items.jsonl");
  await writeFile(file, '{"namespace":["a"],"key":"other","value":{"text":"coffee"}}\n');
  const message = expect.stringMatching(new RegExp(`"${name}" was not created by this store.*drop it.*migrate up.*rebuilt`)) as string;
  const reindex = ["reindex", "--set", "index.next.dims=64", "--set", "index.next.model=next", "--next-embeddings", embedder];
  for (const command of [["import", file], ["search", "a", "--query", "tea"], reindex]) expect(await cli([...command, ...flags])).toMatchObject({ code: 1, output: "", errors: message });
  expect(await cli(["doctor", ...flags])).toMatchObject({ code: 1, output: message });
  expect((await client.getCollection(name)).config.params.vectors).toMatchObject({ size: 4 });
  await client.deleteCollection(name);
  expect(await cli(["migrate", "up", "--yes", ...flags])).toMatchObject({ code: 0 });
  expect(await cli(["import", file, ...flags])).toMatchObject({ code: 0 });
  expect(await cli(["repair", ...flags])).toMatchObject({ code: 0 });
  expect(await cliJson(["repair", "--dry-run", ...flags])).toMatchObject({ examined: 2, missing: 0 });
});

test("another qdrant.collection on a store that has one is reported with both names by log, health and doctor until repair has filled it", async () => {
  const renamed = [...flags.slice(0, -1), "warn", "--set", `qdrant.collection=${keyspace}_other`];
  const warning = `qdrant.collection was "${keyspace}" before`;
  const healthBy = (by: readonly string[]) => cliJson(["health", ...by]);
  expect(await healthBy(flags)).toMatchObject({ status: "ok", vectors: { previousCollection: null } });
  expect(await cli(["migrate", "up", "--yes", ...renamed])).toMatchObject({ code: 0, errors: expect.stringContaining(warning) as string });
  expect(await healthBy(renamed)).toMatchObject({ status: "degraded", vectors: { status: "up", previousCollection: keyspace } });
  const finding = `✗ Qdrant collection name[^]*"${keyspace}_other", but was "${keyspace}"[^]*Set qdrant\\.collection to ${keyspace}\\. [^]*scylladb-store repair`;
  expect(await cli(["doctor", ...renamed])).toMatchObject({ code: 1, output: expect.stringMatching(new RegExp(finding)) as string });
  expect((await cli(["repair", "--dry-run", ...renamed])).errors).toContain(warning);
  expect(await healthBy(flags)).toMatchObject({ status: "ok" });
  expect((await cli(["repair", ...renamed])).errors).toContain(warning);
  expect(await healthBy(renamed)).toMatchObject({ status: "ok", vectors: { previousCollection: null } });
  const found = await cli(["search", "a", "--query", "tea", "--json", ...renamed]);
  expect(JSON.parse(found.output)).toMatchObject({ results: [{ key: "k" }], info: { degraded: false } });
  expect(found.errors).not.toContain(warning);
  // A process with the previous name still searches its collection, which later items of the others are not in.
  expect(await healthBy(flags)).toMatchObject({ status: "degraded", vectors: { previousCollection: `${keyspace}_other` } });
  expect(await cliJson(["search", "a", "--query", "tea", ...flags])).toMatchObject({ results: [{ key: "k" }], info: { degraded: false } });
});
