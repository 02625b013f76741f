/** Keyspaces that tests use one after the other: creating one takes seconds, emptying it a fraction of one. */
import type { Client } from "cassandra-driver";
import { afterAll } from "vitest";
import type { ServerAddresses } from "../servers/server-addresses.ts";
import { dropCollections, dropKeyspace, qdrantClient, uniqueName, withCql } from "./stores.ts";

/** Everything but `settings` and `schema_migrations`, which a store needs again. */
const EMPTIED = ["items", "items_by_creation", "namespaces", "outbox", "outbox_slots", "audit"];

/** Greatest timestamp of a first value of a setting; a change of a setting has the time in microseconds since the epoch. */
const LAST_FIRST_VALUE = 10_000_000_000_000;

/**
 * The keyspaces of a test file, with the collections of the same names. Each test gets empty ones; at its end they are emptied
 * for the next test. A keyspace whose settings a test has changed (by a reindex, other partitions, another collection) is
 * dropped instead. At the end of the file, all of them are dropped.
 */
export class KeyspacePool {
  readonly #servers: ServerAddresses;
  readonly #free: string[] = [];
  readonly #all: string[] = [];
  /** Settings of each keyspace after its first test. */
  readonly #settings = new Map<string, string>();

  constructor(servers: ServerAddresses) {
    this.#servers = servers;
    afterAll(async () => {
      for (const keyspace of this.#all) await this.#drop(keyspace);
    });
  }

  /** Returns an empty keyspace, or the name of one that the first store creates. */
  take(): string {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const keyspace = uniqueName("pooled");
    this.#all.push(keyspace);
    return keyspace;
  }

  /** Empties a keyspace for the next test. Its stores must be stopped. */
  async giveBack(keyspace: string): Promise<void> {
    const isReusable = await withCql(this.#servers, async (client) => {
      const isUnchanged = await this.#hasFirstSettings(client, keyspace);
      if (isUnchanged) await Promise.all(EMPTIED.map((table) => client.execute(`TRUNCATE "${keyspace}".${table}`, [], { readTimeout: 60_000 })));
      return isUnchanged;
    });
    if (!isReusable) return;
    const qdrant = qdrantClient(this.#servers);
    const { collections } = await qdrant.getCollections();
    for (const { name } of collections) if (name.startsWith(`${keyspace}_`)) await qdrant.delete(name, { filter: {}, wait: true });
    this.#free.push(keyspace);
  }

  async #hasFirstSettings(client: Client, keyspace: string): Promise<boolean> {
    const { rows: tables } = await client.execute("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'settings'", [keyspace]);
    if (tables.length === 0) return false;
    const { rows } = await client.execute(`SELECT name, value, writetime(value) AS written FROM "${keyspace}".settings`);
    if (rows.some((row) => Number(String(row["written"])) > LAST_FIRST_VALUE)) return false;
    const settings = JSON.stringify(rows.map((row) => [String(row["name"]), String(row["value"])]).toSorted());
    if (!this.#settings.has(keyspace)) this.#settings.set(keyspace, settings);
    return this.#settings.get(keyspace) === settings;
  }

  async #drop(keyspace: string): Promise<void> {
    await dropKeyspace(this.#servers, keyspace);
    await dropCollections(this.#servers, keyspace);
  }
}
