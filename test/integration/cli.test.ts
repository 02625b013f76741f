/** The command line on CQL and Qdrant. */
import { fileURLToPath } from "node:url";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, expect, inject, test } from "vitest";
import { cli } from "../support/cli.ts";
import { cliUse, type CliStore } from "../support/cli-use.ts";
import { operatorUse } from "../support/operator-use.ts";
import { transferUse } from "../support/transfer-use.ts";
import { dropCollections, dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const opened: { readonly store: ScyllaDBStore; readonly keyspace: string }[] = [];

afterAll(async () => {
  for (const { store, keyspace } of opened) {
    await store.stop();
    await dropKeyspace(servers, keyspace);
    await dropCollections(servers, keyspace);
  }
});

function flagsFor(keyspace: string): string[] {
  const { cql } = serverConfig(servers, keyspace);
  const options: Readonly<Record<string, string | number | undefined>> = {
    "cql.contactPoints": cql.contactPoints?.join(","),
    "cql.localDataCenter": cql.localDataCenter,
    "cql.keyspace": keyspace,
    "cql.credentials.username": servers.cql.credentials?.username,
    "cql.credentials.password": servers.cql.credentials?.password,
    "qdrant.url": servers.qdrant.url,
    "qdrant.apiKey": servers.qdrant.apiKey,
    "index.dims": new HashEmbeddings().dims,
    "index.fields": "text",
  };
  const set = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : ["--set", `${name}=${value}`]));
  return [...set, "--embeddings", fileURLToPath(new URL("../support/cli-embeddings.ts", import.meta.url))];
}

async function open(): Promise<CliStore> {
  const keyspace = uniqueName("cli");
  const embeddings = new HashEmbeddings();
  const store = await ScyllaDBStore.connect({ ...serverConfig(servers, keyspace), index: { dims: embeddings.dims, embeddings, fields: ["text"] } });
  opened.push({ store, keyspace });
  return { store, flags: flagsFor(keyspace) };
}

cliUse(open);
transferUse(open);
operatorUse(open);

test("a command on a keyspace that does not exist fails and creates none", async () => {
  const flags = flagsFor(uniqueName("none"));
  expect(await cli(["ls", ...flags])).toMatchObject({ code: 1, errors: expect.stringContaining("does not exist") as string });
  expect(await cli(["ls", ...flags])).toMatchObject({ code: 1, errors: expect.stringContaining("does not exist") as string });
});
