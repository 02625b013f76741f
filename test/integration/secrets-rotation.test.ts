/** A store whose credentials are references, on servers that check them, while they are rotated under load. */
import { auth, Client, type ClientOptions } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AuthenticationError, ScyllaDBStore, type ScyllaDBStoreConfig, type StoreEvent } from "langgraph-store-scylladb";
import { parseConfig, serverConfigSchema } from "../../src/config/schema.ts";
import { HashEmbeddings } from "../../src/testing/embeddings.ts";
import { startCassandra, type CassandraNode } from "../servers/cassandra.ts";
import { startQdrant, type LocalQdrant } from "../servers/qdrant.ts";
import { startVault, type LocalVault } from "../servers/vault.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { KeyGate } from "../support/key-gate.ts";
import { PATIENT } from "../support/patient.ts";
import { SecretWatch } from "../support/secret-watch.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const ROLE = "agents";
const watch = new SecretWatch();
const first = { qdrant: watch.secret("first-key"), password: watch.secret("first-password"), tenant: watch.secret("tenant") };

let cassandra: CassandraNode;
let qdrant: LocalQdrant;
let vault: LocalVault;
let gate: KeyGate;
let network: TcpProxy;
let admin: Client;
let token: string;

beforeAll(async () => {
  const serverKey = watch.secret("server-key");
  [cassandra, qdrant, vault] = await Promise.all([
    startCassandra({ authentication: true, heapMb: 512, durableSchema: false, commitLog: "periodic" }),
    startQdrant({ apiKey: serverKey }),
    startVault(),
  ]);
  gate = await KeyGate.start(first.qdrant, { port: qdrant.port, apiKey: serverKey });
  network = await TcpProxy.start({ host: cassandra.host, port: cassandra.port });
  // As Cassandra creates its first role.
  admin = new Client({ ...address(), authProvider: new auth.PlainTextAuthProvider("cassandra", "cassandra") });
  await admin.connect();
  await admin.execute(`CREATE ROLE ${ROLE} WITH PASSWORD = '${first.password}' AND LOGIN = true`);
  await admin.execute(`GRANT ALL ON ALL KEYSPACES TO ${ROLE}`);
  watch.guard("root token", vault.rootToken);
  await vault.write("agents", first);
  token = watch.guard("token", await vault.tokenFor("agents"));
});

afterAll(async () => {
  await admin.shutdown();
  await network.stop();
  await gate[Symbol.asyncDispose]();
  await Promise.all([cassandra.stop(), qdrant.stop(), vault.stop()]);
  watch.stop();
});

function address(): ClientOptions {
  return {
    contactPoints: [cassandra.contactPoint],
    protocolOptions: { port: cassandra.port },
    localDataCenter: cassandra.localDataCenter,
  };
}

/** The current content of Vault. */
let held: Readonly<Record<"qdrant" | "password" | "tenant", string>> = first;

async function keep(change: Partial<typeof held>): Promise<void> {
  held = { ...held, ...change };
  await vault.write("agents", held);
}

async function alterPassword(password: string): Promise<void> {
  await admin.execute(`ALTER ROLE ${ROLE} WITH PASSWORD = '${password}'`);
}

interface RetryOptions {
  readonly lifetimeMs: number;
  readonly retry?: ScyllaDBStoreConfig["retry"];
}

function config({ lifetimeMs, retry }: RetryOptions): ScyllaDBStoreConfig {
  return {
    cql: {
      contactPoints: [`127.0.0.1:${network.port}`],
      localDataCenter: cassandra.localDataCenter,
      keyspace: "rotation",
      credentials: { username: ROLE, password: "vault://secret/agents#password" },
      requestTimeoutMs: 60_000,
    },
    qdrant: { url: gate.url, apiKey: "vault://secret/agents#qdrant", headers: { "x-tenant": "vault://secret/agents#tenant" } },
    index: { dims: 16, embeddings: new HashEmbeddings({ dims: 16 }), fields: ["text"] },
    limits: PATIENT,
    secrets: { lifetimeMs, timeoutMs: 60_000, vault: { address: vault.address, token } },
    logger: watch.logger,
    ...(retry === undefined ? {} : { retry }),
  };
}

/** Continuous operations with their outcomes. */
class Load {
  done = 0;
  readonly failures: unknown[] = [];
  degraded = 0;
  readonly events: StoreEvent[] = [];
  readonly #store: ScyllaDBStore;
  #isStopped = false;
  readonly #workers: Promise<void>[];

  constructor(store: ScyllaDBStore) {
    this.#store = store;
    for (const type of ["secret-rotated", "secret-refresh-failed"] as const) {
      store.on(type, (event: StoreEvent) => void this.events.push(event));
    }
    this.#workers = Array.from({ length: 4 }, (_, worker) => this.#work(worker));
  }

  /** Waits for a number of further operations. */
  async more(count: number): Promise<void> {
    const goal = this.done + count;
    await waitUntil(`${count} more operations`, () => this.done >= goal || this.failures.length > 0, { progress: () => this.done });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#workers);
    for (const failure of this.failures) watch.show(failure);
  }

  async #work(worker: number): Promise<void> {
    for (let round = 0; !this.#isStopped; round++) {
      const key = `${worker}-${round % 20}`;
      await this.#attempt(() => this.#store.put(["load"], key, { text: `note ${round} of ${worker}` }));
      await this.#attempt(async () => expect(await this.#store.get(["load"], key)).not.toBeNull());
      await this.#attempt(async () => {
        const { info } = await this.#store.search(["load"], { query: "note", limit: 2 });
        if (info.degraded) this.degraded++;
      });
    }
  }

  async #attempt(operation: () => Promise<unknown>): Promise<void> {
    try {
      await operation();
    } catch (error) {
      this.failures.push(error);
    }
    this.done++;
  }
}

async function underLoad(retryOptions: RetryOptions, rotate: (load: Load, store: ScyllaDBStore) => Promise<void>): Promise<Load> {
  const options = config(retryOptions);
  const store = await ScyllaDBStore.connect(options);
  const load = new Load(store);
  try {
    await load.more(40);
    await rotate(load, store);
    await load.more(40);
    for (const value of [store, parseConfig(serverConfigSchema, options), await store.health()]) watch.show(value);
  } finally {
    await load.stop();
    await store.stop();
  }
  return load;
}

describe("no operation fails when Qdrant's API key changes", () => {
  test("and Vault has it first: the store detects it by a refusal", async () => {
    const key = watch.secret("second-key");
    const load = await underLoad({ lifetimeMs: 600_000 }, async (load) => {
      await keep({ qdrant: key });
      await load.more(20);
      const refused = gate.refused;
      gate.accepted = key;
      await load.more(60);
      expect(gate.refused).toBeGreaterThan(refused);
    });
    expect(load.failures).toEqual([]);
    expect(load.degraded).toBe(0);
    expect(load.events).toEqual([{ type: "secret-rotated", secret: "vault://secret/agents" }]);
  });

  test("and the store has it before Qdrant: it uses the previous one until then", async () => {
    const key = watch.secret("third-key");
    const load = await underLoad({ lifetimeMs: 200 }, async (load) => {
      const refused = gate.refused;
      await keep({ qdrant: key });
      await waitUntil("the new key to be refused", () => gate.refused > refused);
      await load.more(100);
      gate.accepted = key;
      await load.more(60);
    });
    expect(load.failures).toEqual([]);
    expect(load.degraded).toBe(0);
    expect(load.events.map(({ type }) => type)).toEqual(["secret-rotated", "secret-refresh-failed"]);
  });

  test("Qdrant has it first", async () => {
    const key = watch.secret("fourth-key");
    const load = await underLoad({ lifetimeMs: 600_000 }, async (load) => {
      gate.accepted = key;
      await keep({ qdrant: key });
      await load.more(60);
    });
    expect(load.failures).toEqual([]);
    expect(load.degraded).toBe(0);
  });
});

describe("no operation fails when the role's password changes and all connections are lost", () => {
  /** Closes every connection to Cassandra; new ones are accepted at once. */
  async function loseConnections(): Promise<void> {
    const { port } = network;
    await network.stop();
    network = await TcpProxy.start({ host: cassandra.host, port: cassandra.port }, port);
  }

  /** Waits until Cassandra accepts a password, because it caches roles for two seconds. */
  async function accepted(password: string): Promise<void> {
    await waitUntil("Cassandra to take the new password", async () => {
      const client = new Client({ ...address(), authProvider: new auth.PlainTextAuthProvider(ROLE, password) });
      try {
        await client.connect();
        return true;
      } catch {
        // Not yet; the deadline counts.
        return false;
      } finally {
        await client.shutdown();
      }
    });
  }

  // The driver reconnects after half a second, and if that fails, after another second; on a busy machine much later.
  const retry = { maxAttempts: 60, maxDelayMs: 1_000 };

  test("and Vault has it first", async () => {
    const password = watch.secret("second-password");
    const load = await underLoad({ lifetimeMs: 600_000, retry }, async (load) => {
      await keep({ password });
      await alterPassword(password);
      await accepted(password);
      await loseConnections();
      await load.more(60);
      await loseConnections();
      await load.more(20);
    });
    expect(load.failures).toEqual([]);
    expect(load.events[0]).toEqual({ type: "secret-rotated", secret: "vault://secret/agents" });
  });

  test("and Cassandra has it first", async () => {
    const password = watch.secret("third-password");
    const load = await underLoad({ lifetimeMs: 600_000, retry }, async (load) => {
      await alterPassword(password);
      await load.more(20);
      await keep({ password });
      await accepted(password);
      await loseConnections();
      await load.more(60);
    });
    expect(load.failures).toEqual([]);
  });

  test("and Cassandra's nodes disagree for a while: a store with more attempts succeeds", async () => {
    const password = watch.secret("fourth-password");
    const load = await underLoad({ lifetimeMs: 600_000, retry }, async (load) => {
      await keep({ password });
      await alterPassword(password);
      await loseConnections();
      await load.more(60);
    });
    expect(load.failures).toEqual([]);
  });

  test("a store without references is rejected afterwards", async () => {
    const options = config({ lifetimeMs: 600_000 });
    const stale = { ...options, cql: { ...options.cql, credentials: { username: ROLE, password: first.password } } };
    // Cassandra caches checked credentials for two seconds.
    await waitUntil("the first password to be refused", async () => {
      try {
        await (await ScyllaDBStore.connect(stale)).stop();
        return false;
      } catch (error) {
        watch.show(error);
        expect(error).toBeInstanceOf(AuthenticationError);
        return true;
      }
    });
  });
});

test("no output of these tests contains a secret", () => {
  expect(watch.recorded).toBeGreaterThan(50);
  expect(watch.leaks()).toEqual([]);
});
