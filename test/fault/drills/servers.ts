/** Servers of a drill, which are backed up, emptied and restored. */
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { startCassandra, type CassandraNode } from "../../servers/cassandra.ts";
import { startQdrant, type LocalQdrant } from "../../servers/qdrant.ts";
import { waitUntil } from "../../servers/wait-until.ts";
import { PATIENT, PATIENT_REQUEST_MS } from "../../support/patient.ts";

/** Receives a line about each step. */
export type Log = (line: string) => void;

/** Servers of drills, with the keyspace of one of them. */
export class DrillServers implements AsyncDisposable {
  readonly cassandra: CassandraNode;
  readonly qdrant: LocalQdrant;
  readonly keyspace: string;

  private constructor(cassandra: CassandraNode, qdrant: LocalQdrant, keyspace: string) {
    this.cassandra = cassandra;
    this.qdrant = qdrant;
    this.keyspace = keyspace;
  }

  static async start(): Promise<DrillServers> {
    const [cassandra, qdrant] = await Promise.all([startCassandra({ jmx: true }), startQdrant()]);
    return new DrillServers(cassandra, qdrant, "drill");
  }

  /** Returns the same servers for a drill in another keyspace. */
  withKeyspace(keyspace: string): DrillServers {
    return new DrillServers(this.cassandra, this.qdrant, keyspace);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.cassandra.stop(), this.qdrant.stop()]);
  }

  get config(): ScyllaDBStoreConfig {
    const embeddings = new HashEmbeddings();
    return {
      cql: { contactPoints: [this.cassandra.contactPoint], localDataCenter: this.cassandra.localDataCenter, keyspace: this.keyspace, requestTimeoutMs: PATIENT_REQUEST_MS },
      limits: PATIENT,
      qdrant: { url: this.qdrant.url },
      index: { dims: embeddings.dims, embeddings, fields: ["text"] },
      // A drill does not wait for the flush of intents.
      reconcile: { flushMs: 0 },
    };
  }

  open(options: Partial<ScyllaDBStoreConfig> = {}): Promise<ScyllaDBStore> {
    return ScyllaDBStore.connect({ ...this.config, ...options });
  }

  /** Snapshots of all tables of the keyspace, copied to a folder. */
  async snapshotRecords(to: string): Promise<void> {
    await this.cassandra.nodetool("snapshot", "-t", "drill", this.keyspace);
    for (const { table, folder } of await this.#tables()) {
      const snapshot = join(folder, "snapshots", "drill");
      await mkdir(join(to, table), { recursive: true });
      await cp(snapshot, join(to, table), { recursive: true });
    }
    await this.cassandra.nodetool("clearsnapshot", "-t", "drill", this.keyspace);
  }

  /** Replaces the content of all tables by that of a snapshot. */
  async restoreRecords(from: string, execute: (statement: string) => Promise<unknown>): Promise<void> {
    for (const { table, folder } of await this.#tables()) {
      await execute(`TRUNCATE "${this.keyspace}".${table}`);
      // Cassandra deletes the old files in the background, and the new ones have the same names.
      await waitUntil(`the files of ${table} to be deleted`, async () => !(await readdir(folder)).some((file) => file.endsWith(".db")), { timeoutMs: PATIENT_REQUEST_MS });
      const files = (await readdir(join(from, table))).filter((file) => file !== "manifest.json" && file !== "schema.cql");
      for (const file of files) await cp(join(from, table, file), join(folder, file));
      // Of an empty table, the snapshot has no files.
      if (files.length > 0) await this.cassandra.nodetool("refresh", this.keyspace, table);
    }
  }

  async #tables(): Promise<{ readonly table: string; readonly folder: string }[]> {
    const keyspace = join(this.cassandra.tablesFolder, this.keyspace);
    const folders = await readdir(keyspace);
    return folders.map((name) => ({ table: name.slice(0, name.lastIndexOf("-")), folder: join(keyspace, name) }));
  }

  /** Names of the collections of the store. */
  async collections(): Promise<string[]> {
    const { collections } = (await this.#ask("GET", "/collections")) as { readonly collections: readonly { readonly name: string }[] };
    return collections.map(({ name }) => name).filter((name) => name.startsWith(`${this.keyspace}_`));
  }

  /** Snapshots of all collections: their paths within Qdrant's folder, by collection. */
  async snapshotVectors(): Promise<ReadonlyMap<string, string>> {
    const snapshots = new Map<string, string>();
    for (const name of await this.collections()) {
      const { name: file } = (await this.#ask("POST", `/collections/${name}/snapshots`)) as { readonly name: string };
      snapshots.set(name, file);
    }
    return snapshots;
  }

  /** Downloads snapshots: they lie in the storage that a loss would take. */
  async download(snapshots: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Buffer>> {
    const files = new Map<string, Buffer>();
    for (const [name, file] of snapshots) {
      const response = await fetch(`${this.qdrant.url}/collections/${name}/snapshots/${file}`);
      files.set(name, Buffer.from(await response.arrayBuffer()));
    }
    return files;
  }

  async restoreVectors(files: ReadonlyMap<string, Buffer>): Promise<void> {
    for (const [name, file] of files) {
      const form = new FormData();
      form.append("snapshot", new Blob([new Uint8Array(file)]));
      const response = await fetch(`${this.qdrant.url}/collections/${name}/snapshots/upload?priority=snapshot&wait=true`, { method: "POST", body: form });
      if (!response.ok) throw new Error(`Qdrant did not restore ${name}: ${await response.text()}`);
    }
  }

  async dropCollections(): Promise<void> {
    for (const name of await this.collections()) await this.#ask("DELETE", `/collections/${name}?timeout=60`);
  }

  async #ask(method: string, path: string): Promise<unknown> {
    const response = await fetch(`${this.qdrant.url}${path}`, { method });
    const body = (await response.json()) as { readonly result: unknown };
    if (!response.ok) throw new Error(`Qdrant: ${JSON.stringify(body)}`);
    return body.result;
  }
}

/** Files below a folder that contain a text. */
export async function filesWith(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of names) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    try {
      if ((await readFile(path)).includes(text)) found.push(path);
    } catch (error) {
      // Compaction removes files while they are listed.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return found;
}
