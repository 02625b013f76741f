/** Runs the README's programs for servers, with other addresses and keyspace. */
import { afterAll, expect, inject, test } from "vitest";
import { readmeBlock, runExample, runProgram } from "../support/readme-blocks.ts";
import { dropCollections, dropKeyspace, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const keyspace = uniqueName("readme");

afterAll(async () => {
  for (const name of [keyspace, "langgraph_quickstart"]) {
    await dropKeyspace(servers, name);
    await dropCollections(servers, name);
  }
});

test("the README example on servers", async () => {
  const program = (await readmeBlock("servers"))
    .replace('"127.0.0.1:9042"', JSON.stringify(servers.cql.contactPoints[0]))
    .replace('"datacenter1"', JSON.stringify(servers.cql.localDataCenter))
    .replace('"agents"', JSON.stringify(keyspace))
    .replace("http://127.0.0.1:6333", servers.qdrant.url);
  expect(await runProgram(program)).toBe("intro semantic\n");
});

test("the quickstart recalls by meaning in another process on servers", async () => {
  const args = ["--cql", String(servers.cql.contactPoints[0]), "--qdrant", servers.qdrant.url, "--data-center", servers.cql.localDataCenter];
  const text = await runExample("quickstart", args);
  expect(text).toMatch(/Another process[\s\S]*My cat is called Mono/);
});
