/** Roles, and a dedicated server that is killed. */
import { Client } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { CqlBackend, type CqlOptions, type SetupMode } from "../../src/backends/cql/index.ts";
import { AuthenticationError, ConnectionError, isStoreError, PermissionError } from "../../src/model/errors.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { putAll, recordOf } from "../../src/testing/item-repository-suite.ts";
import { startCassandra, type CassandraNode } from "../servers/cassandra.ts";

const KEYSPACE = "agents";

let node: CassandraNode | undefined;
beforeAll(async () => {
  node = await startCassandra({ authentication: true, heapMb: 512 });
  await using setup = backendOf({}, "auto");
  await setup.start();
  const admin = new Client({ ...connection(), ...connectionPort() });
  await admin.execute("CREATE ROLE runtime WITH PASSWORD = 'runtime' AND LOGIN = true");
  await admin.execute("CREATE ROLE reader WITH PASSWORD = 'reader' AND LOGIN = true");
  await admin.execute(`GRANT SELECT ON KEYSPACE ${KEYSPACE} TO runtime`);
  await admin.execute(`GRANT MODIFY ON KEYSPACE ${KEYSPACE} TO runtime`);
  await admin.execute(`GRANT SELECT ON KEYSPACE ${KEYSPACE} TO reader`);
  await admin.shutdown();
});
afterAll(() => node?.stop());

function server(): CassandraNode {
  if (node === undefined) throw new Error("The server did not start.");
  return node;
}

function connection() {
  const { contactPoint, localDataCenter, credentials } = server();
  return { contactPoints: [contactPoint], localDataCenter, ...(credentials === undefined ? {} : { credentials }) };
}

const connectionPort = (): object => ({ protocolOptions: { port: server().port } });

function backendOf(options: Partial<CqlOptions>, setup: SetupMode): CqlBackend & AsyncDisposable {
  const all = { ...connection(), keyspace: KEYSPACE, requestTimeoutMs: 2_000, ...options };
  const backend = new CqlBackend(all, { setup, logger: silentLogger });
  return Object.assign(backend, { [Symbol.asyncDispose]: () => backend.stop() });
}

const as = (role: string): Partial<CqlOptions> => ({ credentials: { username: role, password: role } });

describe("roles", () => {
  test("a role without DDL rights starts and works, in either mode", async () => {
    for (const setup of ["never", "auto"] as const) {
      await using backend = backendOf(as("runtime"), setup);
      await backend.start();
      const record = recordOf(`by-${setup}`, "key");
      await putAll(backend.items, [record]);
      expect(await backend.items.get([record])).toMatchObject([{ writeId: record.writeId }]);
    }
  });

  test("a role that may not write gets a PermissionError", async () => {
    await using backend = backendOf(as("reader"), "never");
    await backend.start();
    const [outcome] = await backend.items.put([recordOf("a", "key")]);
    expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(PermissionError) as unknown });
  });

  test("a role that may not create the keyspace gets a PermissionError at once", async () => {
    await using backend = backendOf({ ...as("runtime"), keyspace: "another" }, "auto");
    await expect(backend.start()).rejects.toThrow(PermissionError);
  });

  test("a wrong password is an AuthenticationError that does not show it", async () => {
    await using backend = backendOf({ credentials: { username: "runtime", password: "hunter2" } }, "never");
    const error: unknown = await backend.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
  });
});

describe("a killed server", () => {
  test("causes retryable errors, and serves when it is back", async () => {
    const backend = backendOf({}, "never");
    onTestFinished(() => backend.stop());
    await backend.start();
    const record = recordOf("killed", "key");
    await putAll(backend.items, [record]);
    await server().kill();
    const read: unknown = await backend.items.get([record]).catch((reason: unknown) => reason);
    expect(read).toBeInstanceOf(ConnectionError);
    const [written] = await backend.items.put([recordOf("killed", "other")]);
    const reason: unknown = written?.status === "rejected" ? written.reason : undefined;
    expect(isStoreError(reason) && reason.retryable).toBe(true);
    await server().restart();
    await expect
      .poll(() => backend.items.get([record]).catch((failure: unknown) => [failure]), { interval: 250 })
      .toMatchObject([{ writeId: record.writeId }]);
  });

  test("fails the start", async () => {
    await server().kill();
    await using backend = backendOf({}, "never");
    await expect(backend.start()).rejects.toThrow(ConnectionError);
    await server().restart();
    await backend.start();
  });
});
