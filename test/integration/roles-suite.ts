/** The rights of each role, granted by the statements of docs/security.md. */
import { readFile } from "node:fs/promises";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { beforeAll, describe, expect, test } from "vitest";
import { askNode, type Credentials } from "../servers/node-client.ts";
import { QDRANT_KEYS } from "../servers/tls-servers.ts";
import { PATIENT } from "../support/patient.ts";
import { expectWorks, INDEX, recordingLogger, rightCql, rightQdrant, type Servers } from "./tls-harness.ts";

/** The keyspace that the statements name. */
const KEYSPACE = "agents";

/** Returns the statements under a `<!-- roles: name -->` of the documentation, and the role that they create. */
async function documented(name: string): Promise<{ statements: readonly string[]; role: Credentials }> {
  const text = await readFile(new URL("../../docs/security.md", import.meta.url), "utf8");
  const block = new RegExp(`<!-- roles: ${name} -->\\n\`\`\`cql\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1];
  const [, username, password] = /^CREATE ROLE (\w+) WITH PASSWORD = '([^']+)'/m.exec(block ?? "") ?? [];
  if (block === undefined || username === undefined || password === undefined) {
    throw new Error(`docs/security.md has no statements marked "roles: ${name}" that create a role.`);
  }
  const statements = block.split(";").map((each) => each.trim());
  return { statements: statements.filter((each) => each !== ""), role: { username, password } };
}

/** Call this where the servers are started. */
export function rolesSuite(servers: Servers): void {
  const asAdmin = (statements: readonly string[]): Promise<boolean> =>
    askNode(servers().cassandra, async (client) => {
      for (const statement of statements) await client.execute(statement);
      return true;
    });
  /** Creates a role as documented. */
  async function granted(name: string): Promise<Credentials> {
    const { statements, role } = await documented(name);
    if (!(await asAdmin(statements))) throw new Error(`The statements of ${name} are refused.`);
    return role;
  }
  const config = (credentials: Credentials, changes: Partial<ScyllaDBStoreConfig> = {}): ScyllaDBStoreConfig => ({
    cql: { ...rightCql(servers(), KEYSPACE), credentials },
    qdrant: rightQdrant(servers()),
    index: INDEX,
    ...changes,
  });
  const never = { setup: "never" } as const;
  const readOnlyKey = (): Partial<ScyllaDBStoreConfig> => ({
    qdrant: { ...rightQdrant(servers()), apiKey: QDRANT_KEYS.readOnly },
  });
  const mayNotModify = { code: "PERMISSION", retryable: false, details: { right: "MODIFY" } };

  let runtime: Credentials, reader: Credentials;
  beforeAll(async () => {
    await asAdmin([`CREATE KEYSPACE ${KEYSPACE} WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 1}`]);
    await expectWorks(config(await granted("setup-of-a-given-keyspace")));
    runtime = await granted("runtime");
    reader = await granted("reader");
  });

  test("the set-up role creates a keyspace and has every right on it", async () => {
    const { cql } = config(await granted("setup"));
    await expectWorks({ cql: { ...cql, keyspace: "created_by_role" } });
  });

  describe("the run-time role", () => {
    test("performs every operation, but cannot change the schema", async () => {
      await using store = await ScyllaDBStore.connect(config(runtime, never));
      await store.put(["runtime"], "kept", { text: "green tea" }, undefined, { ttl: 60 });
      await store.put(["runtime"], "gone", { text: "black tea" });
      await store.delete(["runtime"], "gone");
      expect((await store.get(["runtime"], "kept"))?.value).toEqual({ text: "green tea" });
      const found = await store.search(["runtime"], { query: "tea" });
      expect([found.map(({ key }) => key), found.info.mode]).toEqual([["kept"], "semantic"]);
      expect(await store.listNamespaces({ prefix: ["runtime"] })).toEqual([["runtime"]]);
      expect(await store.reconcile()).toMatchObject({ failed: 0 });
      expect(await store.repair()).toMatchObject({ failed: 0 });
      await store.sweep();
      expect(await store.health()).toMatchObject({ status: "ok" });
    });

    test("gets an error that names the missing right to create a keyspace", async () => {
      const other = { ...config(runtime), cql: { ...config(runtime).cql, keyspace: "others" } };
      await expect(ScyllaDBStore.connect(other)).rejects.toMatchObject({ code: "PERMISSION", details: { right: "CREATE" } });
    });
  });

  describe("the read-only role, with the read-only key", () => {
    beforeAll(async () => {
      await using writer = await ScyllaDBStore.connect(config(runtime, { ...never, reconcile: { graceMs: 1 } }));
      await writer.put(["read"], "lasting", { text: "green tea" });
      await writer.put(["read"], "ending", { text: "a cup of tea" }, undefined, { ttl: 0.25 });
    });

    test("serves reads, and leaves refreshes and reconciling to other processes after one warning", async () => {
      const logger = recordingLogger();
      const reads = config(reader, { ...never, ...readOnlyKey(), logger, reconcile: { tickMs: 50 } });
      await using store = await ScyllaDBStore.connect({ ...reads, limits: PATIENT });
      // A refresh starts after a tenth of the TTL, and the writer's intents become due meanwhile.
      const warned = async (): Promise<number> => {
        await store.get(["read"], "ending");
        return logger.warnings.length;
      };
      await expect.poll(warned).toBeGreaterThan(0);
      for (let again = 0; again < 3; again += 1) {
        expect((await store.get(["read"], "lasting"))?.value).toEqual({ text: "green tea" });
        expect((await store.search(["read"], { query: "tea" })).info).toMatchObject({ mode: "semantic", degraded: false });
        expect((await store.search(["read"], { filter: { text: "green tea" } })).map(({ key }) => key)).toEqual(["lasting"]);
        expect(await store.listNamespaces({ prefix: ["read"] })).toEqual([["read"]]);
      }
      expect(logger.warnings.filter((warning) => !warning.startsWith("an operation was slow"))).toEqual([expect.stringMatching(/lacks write permissions.*MODIFY/)]);
      expect((await store.health()).records.status).toBe("up");
    });

    test("gets an error that names the missing right, for every write", async () => {
      await using store = await ScyllaDBStore.connect(config(reader, { ...never, ...readOnlyKey() }));
      await expect(store.put(["read"], "k", { text: "x" })).rejects.toMatchObject({
        ...mayNotModify,
        details: { right: "MODIFY", resource: `table ${KEYSPACE}.outbox`, role: reader.username },
        message: expect.stringContaining(`requires the right MODIFY on table ${KEYSPACE}.outbox`) as string,
      });
      await expect(store.delete(["read"], "lasting")).rejects.toMatchObject(mayNotModify);
      await expect(store.reconcile()).rejects.toMatchObject(mayNotModify);
      await asAdmin([`TRUNCATE ${KEYSPACE}.items_by_creation`]);
      await expect(store.repair()).rejects.toMatchObject(mayNotModify);
      await using repairer = await ScyllaDBStore.connect(config(runtime, never));
      expect((await repairer.repair()).unlisted).toBeGreaterThan(0);
    });
  });

  test("a role without rights fails the start with the missing right to read", async () => {
    await asAdmin(["CREATE ROLE unprivileged WITH PASSWORD = 'unprivileged' AND LOGIN = true"]);
    const unprivileged = config({ username: "unprivileged", password: "unprivileged" }, never);
    const details = { right: "SELECT", role: "unprivileged" };
    await expect(ScyllaDBStore.connect(unprivileged)).rejects.toMatchObject({ code: "PERMISSION", details });
  });

  test("a read-only key of Qdrant creates no collection and writes no vectors", async () => {
    const elsewhere = { qdrant: { ...rightQdrant(servers()), apiKey: QDRANT_KEYS.readOnly, collection: "elsewhere" } };
    const refused = { code: "PERMISSION", details: { right: "Global manage access" } };
    await expect(ScyllaDBStore.connect(config(runtime, elsewhere))).rejects.toMatchObject(refused);
    await using store = await ScyllaDBStore.connect(config(runtime, { ...never, ...readOnlyKey() }));
    await expect(store.put(["keys"], "k", { text: "x" })).rejects.toMatchObject({ code: "VECTOR_SYNC", cause: refused });
  });
}
