import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { QdrantClient } from "@qdrant/js-client-rest";
import cassandra from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { startCassandra } from "../servers/cassandra.ts";
import type { CassandraNode } from "../servers/cassandra.ts";
import { startCassandraCluster } from "../servers/cassandra-cluster.ts";
import { whyNoDockerEngine } from "../servers/docker.ts";
import { startQdrant } from "../servers/qdrant.ts";
import { startServers } from "../servers/servers.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { inTime } from "../support/in-time.ts";

function uniqueName(): string {
  return `t${randomUUID().replaceAll("-", "")}`;
}

function qdrantAt(url: string, apiKey?: string): QdrantClient {
  return new QdrantClient({ url, checkCompatibility: false, ...(apiKey === undefined ? {} : { apiKey }) });
}

interface CqlAddress {
  readonly contactPoints: string[];
  readonly localDataCenter: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

function cqlAt(address: CqlAddress): cassandra.Client {
  const { contactPoints, localDataCenter, credentials } = address;
  return new cassandra.Client({ contactPoints, localDataCenter, ...(credentials ? { credentials } : {}) });
}

async function createTable(client: cassandra.Client, keyspace: string, dataCenter: string): Promise<void> {
  const replication = `{'class': 'NetworkTopologyStrategy', '${dataCenter}': 1}`;
  await client.execute(`CREATE KEYSPACE ${keyspace} WITH replication = ${replication}`);
  await client.execute(`CREATE TABLE ${keyspace}.notes (id text PRIMARY KEY, body text)`);
}

describe("the servers of the test run", () => {
  test("the CQL database stores and returns a row", async () => {
    const { cql } = inject("servers");
    const client = cqlAt(cql);
    const keyspace = uniqueName();
    onTestFinished(async () => {
      await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`);
      await client.shutdown();
    });
    await createTable(client, keyspace, cql.localDataCenter);
    const insert = `INSERT INTO ${keyspace}.notes (id, body) VALUES (?, ?)`;
    await client.execute(insert, ["greeting", "hello"], { prepare: true });
    const select = `SELECT body FROM ${keyspace}.notes WHERE id = ?`;
    const found = await client.execute(select, ["greeting"], { prepare: true });
    expect(found.first()?.get("body")).toBe("hello");
  });

  test("the CQL database rejects a batch over 50 KiB, as in production", async () => {
    const { cql, source } = inject("servers");
    const client = cqlAt(cql);
    const keyspace = uniqueName();
    onTestFinished(async () => {
      await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`);
      await client.shutdown();
    });
    await createTable(client, keyspace, cql.localDataCenter);
    const query = `INSERT INTO ${keyspace}.notes (id, body) VALUES (?, ?)`;
    // ScyllaDB's limit is 1 MiB, so this is over both.
    const bytes = source === "local" ? 30 * 1024 : 600 * 1024;
    const batch = ["a", "b"].map((id) => ({ query, params: [id, "x".repeat(bytes)] }));
    await expect(client.batch(batch, { prepare: true, logged: false })).rejects.toThrow(/batch too large/i);
  });

  test("Qdrant stores and finds a point", async () => {
    const { qdrant } = inject("servers");
    const client = qdrantAt(qdrant.url, qdrant.apiKey);
    const collection = uniqueName();
    onTestFinished(async () => {
      await client.deleteCollection(collection);
    });
    await client.createCollection(collection, { vectors: { size: 2, distance: "Cosine" } });
    const point = { id: 1, vector: [0.6, 0.8], payload: { body: "hello" } };
    await client.upsert(collection, { wait: true, points: [point] });
    const { points } = await client.query(collection, { query: [0.6, 0.8], with_payload: true });
    expect(points.map(({ payload }) => payload)).toEqual([{ body: "hello" }]);
  });
});

describe("a dedicated Qdrant", () => {
  test("keeps its data over a kill, and deletes it on request", async () => {
    await using server = await startQdrant();
    const client = qdrantAt(server.url);
    await client.createCollection("notes", { vectors: { size: 2, distance: "Cosine" } });
    await client.upsert("notes", { wait: true, points: [{ id: 1, vector: [1, 0.5] }] });

    await server.kill();
    expect(server.pid).toBeUndefined();
    await expect(client.getCollections()).rejects.toThrow();

    await server.restart();
    expect((await client.count("notes")).count).toBe(1);

    await server.restart({ data: "lose" });
    expect((await client.getCollections()).collections).toEqual([]);
  });

  test("does not answer while paused, and continues when resumed", async () => {
    await using server = await startQdrant();
    await server.pause();
    await expect(fetch(`${server.url}/readyz`, { signal: AbortSignal.timeout(500) })).rejects.toThrow(/timeout/);
    server.resume();
    const response = await fetch(`${server.url}/readyz`, { signal: AbortSignal.timeout(10_000) });
    expect(response.status).toBe(200);
  });

  test("requires its API key", async () => {
    await using server = await startQdrant({ apiKey: "open sesame" });
    await expect(qdrantAt(server.url).getCollections()).rejects.toThrow();
    expect((await qdrantAt(server.url, "open sesame").getCollections()).collections).toEqual([]);
  });

  test("is removed with its folder when stopped", async () => {
    const server = await startQdrant();
    const { pid, folder } = server;
    await server.stop();
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  test("shows its log when it cannot start", async () => {
    await expect(startQdrant({ port: 99_999 })).rejects.toThrow(/ended by itself \(exit code 1\)[\s\S]*http_port/);
  });

  const signals = ["SIGKILL", "SIGTERM", "SIGINT"] as const;
  test.each(signals)("ends with its process on %s", async (signal) => {
    const holder = spawn(process.execPath, [fileURLToPath(new URL("../servers/hold-qdrant.ts", import.meta.url))], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void holder.kill("SIGKILL"));
    const { pid, folder } = await firstLine(holder.stdout);
    expect(isRunning(pid)).toBe(true);
    holder.kill(signal);
    await waitUntil("the orphaned Qdrant to end", () => !isRunning(pid));
    await waitUntil("its folder to be removed", () => !existsSync(folder));
  });
});

describe("a dedicated Cassandra", () => {
  let node: CassandraNode;

  beforeAll(async () => {
    node = await startCassandra({ heapMb: 512 });
  });

  afterAll(async () => {
    await node.stop();
  });

  test("keeps tables and every acknowledged row over a kill", async () => {
    const keyspace = uniqueName();
    const before = cqlAt({ contactPoints: [node.contactPoint], localDataCenter: node.localDataCenter });
    await createTable(before, keyspace, node.localDataCenter);
    const ids = Array.from({ length: 200 }, (_, index) => `note ${index}`);
    for (const id of ids) {
      await before.execute(`INSERT INTO ${keyspace}.notes (id) VALUES (?)`, [id], { prepare: true });
    }
    await node.kill();
    await before.shutdown();
    await node.restart();

    const after = cqlAt({ contactPoints: [node.contactPoint], localDataCenter: node.localDataCenter });
    onTestFinished(() => after.shutdown());
    const found = await after.execute(`SELECT id FROM ${keyspace}.notes`);
    expect(found.rows.map((row): unknown => row.get("id")).sort()).toEqual(ids.sort());
  });
});

describe("a dedicated Cassandra cluster", () => {
  test("accepts quorum writes while a node is down, and is complete after its restart", async () => {
    await using cluster = await startCassandraCluster();
    const { contactPoints, localDataCenter, port } = cluster;
    const client = new cassandra.Client({ contactPoints, localDataCenter, protocolOptions: { port } });
    onTestFinished(() => client.shutdown());
    const replication = `{'class': 'NetworkTopologyStrategy', '${localDataCenter}': 3}`;
    await client.execute(`CREATE KEYSPACE notes WITH replication = ${replication}`);
    await client.execute("CREATE TABLE notes.notes (id text PRIMARY KEY)");

    const [, victim] = cluster.nodes;
    await victim?.kill();
    const { localQuorum, all } = cassandra.types.consistencies;
    const options = { prepare: true, isIdempotent: true, consistency: localQuorum };
    for (const id of ["a", "b", "c"]) await client.execute("INSERT INTO notes.notes (id) VALUES (?)", [id], options);

    await victim?.restart();
    await cluster.waitUntilAllUp();
    const found = await client.execute("SELECT id FROM notes.notes", [], { consistency: all });
    expect(found.rows.map((row): unknown => row.get("id")).sort()).toEqual(["a", "b", "c"]);
  }, 600_000);
});

describe("without servers", () => {
  const nowhere = join(tmpdir(), "no-such-folder");
  const noDocker = () => Promise.resolve("no engine answered");

  test("the error names every option and what it lacks", async () => {
    const env = { PATH: nowhere, LANGGRAPH_STORE_CACHE: nowhere };
    const error: unknown = await startServers({ env, whyNoDocker: noDocker }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message).toContain("TEST_CQL_CONTACT_POINTS");
    expect(message).toContain("TEST_QDRANT_URL");
    expect(message).toContain("Docker: no engine answered");
    expect(message).toContain("needs Java 17");
    expect(message).toContain("apt-get install maven");
  });

  test("an incomplete environment is an error that names the missing variables", async () => {
    const env = { TEST_CQL_CONTACT_POINTS: "127.0.0.1:9042" };
    await expect(startServers({ env })).rejects.toThrow("not TEST_CQL_LOCAL_DC, TEST_QDRANT_URL");
  });

  test("a malformed address is an error that shows it", async () => {
    const env = {
      TEST_CQL_CONTACT_POINTS: "127.0.0.1",
      TEST_CQL_LOCAL_DC: "dc1",
      TEST_QDRANT_URL: "http://127.0.0.1:6333",
    };
    await expect(startServers({ env })).rejects.toThrow('"127.0.0.1" is not host:port');
  });

  test("a requested kind of server is not replaced by another", async () => {
    const env = { ...process.env, TEST_SERVERS: "docker" };
    const dockerOnly = startServers({ env, whyNoDocker: noDocker });
    await expect(dockerOnly).rejects.toThrow(/Docker: no engine answered(?![\s\S]*local)/);
    await expect(startServers({ env: { TEST_SERVERS: "podman" } })).rejects.toThrow('TEST_SERVERS is "podman"');
  });

  test("the check for a Docker engine completes within a few seconds", async () => {
    await inTime(20_000, () => whyNoDockerEngine());
  });
});

function isRunning(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

interface HeldServer {
  readonly pid: number;
  readonly folder: string;
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<HeldServer> {
  for await (const line of createInterface({ input: stream })) return JSON.parse(line) as HeldServer;
  throw new Error("the program ended without a line");
}
