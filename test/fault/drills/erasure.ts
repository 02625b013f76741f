/** Erasure while others write: at once no query returns the subject; after the forced cleanup no file contains its text. */
import { randomBytes } from "node:crypto";
import { Client } from "cassandra-driver";
import type { EraseReport, ScyllaDBStore } from "langgraph-store-scylladb";
import { waitUntil } from "../../servers/wait-until.ts";
import { OwnOutput, type OutputWith } from "./own-output.ts";
import { filesWith, type DrillServers, type Log } from "./servers.ts";

/** What the drill found. */
export interface ErasureReport {
  readonly report: EraseReport;
  /** Results of searches for the subject right after the erasure. */
  readonly foundAfter: number;
  /** Files that contained the subject's text before. */
  readonly filesBefore: number;
  /** Files that contain it after the forced cleanup, without the folders of the servers. */
  readonly filesAfter: readonly string[];
  /** Items of others that were written while the erasure ran, and those of them that are still stored. */
  readonly written: number;
  readonly kept: number;
  readonly eraseMs: number;
  /** Log lines, metrics and spans of the stores, from the first put to the last search. */
  readonly output: OutputWith;
}

const BATCH = 100;

/** Runs the drill in a keyspace that does not exist yet. Restarts the servers. */
export async function erasureOnServers(servers: DrillServers, items: number, log: Log): Promise<ErasureReport> {
  const { cassandra, qdrant } = servers;
  const output = new OwnOutput();
  let store = await servers.open(output.options);
  await storeUncompressed(servers);
  const text = secretText();
  await fill(store, items, text);
  await cassandra.nodetool("flush");
  const filesBefore = (await subjectFiles(servers, text)).length;
  const erased = await eraseUnderLoad(store, text);
  log(`Erased ${erased.report.erased.items} items in ${erased.eraseMs} ms; ${filesBefore} files contained the text`);

  // The procedure of docs/disaster-recovery.md, Erasure.
  await output.collect(store);
  await store.stop();
  await servers.dropCollections();
  store = await servers.open(output.options);
  await waitUntil("the rebuild to be complete", async () => (await store.health()).vectors?.complete === true, { timeoutMs: 1_800_000 });
  await output.collect(store);
  await store.stop();
  await cassandra.nodetool("flush");
  await cassandra.nodetool("compact", servers.keyspace);
  await cassandra.nodetool("drain");
  await cassandra.restart();
  await qdrant.restart();
  const filesAfter = (await subjectFiles(servers, text)).map((path) => path.replace(cassandra.folder, "cassandra").replace(qdrant.folder, "qdrant"));
  store = await servers.open();
  const kept = await store.count(["others"]);
  await store.stop();
  await checkTables(servers, text);
  return { ...erased, filesBefore, filesAfter, kept, output: output.with(text) };
}

/** A text that occurs nowhere else, of one word: filter terms and vectors must not keep it either. */
export function secretText(): string {
  return `zanzibar${randomBytes(8).toString("hex")}`;
}

/** Stores as many items of others as of the subject. */
export async function fill(store: ScyllaDBStore, items: number, text: string): Promise<void> {
  for (let start = 0; start < items; start += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, items - start) }, (_, i) => start + i);
    await store.batch(numbers.map((i) => ({ namespace: ["subject", `n${i % 5}`], key: `s${i}`, value: { text: `${text} says ${i}`, mail: text } })));
    await store.batch(numbers.map((i) => ({ namespace: ["others", `o${i % 20}`], key: `k${i}`, value: { text: `an ordinary memory ${i}` } })));
  }
}

/** Erases the subject while others write. */
export async function eraseUnderLoad(store: ScyllaDBStore, text: string): Promise<Pick<ErasureReport, "report" | "foundAfter" | "written" | "eraseMs">> {
  let isErasing = true;
  let written = 0;
  const writers = Promise.all(
    Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; isErasing; i += 1) {
        await store.put(["others", `w${writer}`], `k${i}`, { text: `written during the erasure ${i}` });
        written += 1;
      }
    }),
  );
  const startedAt = Date.now();
  try {
    const report = await store.erase({ prefix: ["subject"] });
    const eraseMs = Date.now() - startedAt;
    const answers = await Promise.all([store.search([], { query: text, limit: 50 }), store.search([], { filter: { mail: text }, limit: 50 }), store.search(["subject"], { limit: 50 })]);
    const foundAfter = answers.flat().filter(({ value, namespace }) => namespace[0] === "subject" || JSON.stringify(value).includes(text)).length;
    return { report, foundAfter, written, eraseMs };
  } finally {
    isErasing = false;
    await writers;
  }
}

async function subjectFiles({ cassandra, qdrant }: DrillServers, text: string): Promise<string[]> {
  return [...(await filesWith(cassandra.folder, text)), ...(await filesWith(qdrant.folder, text))];
}

/** Turns off the compression of SSTables: a search for the text in compressed files would find nothing. */
async function storeUncompressed({ cassandra, keyspace }: DrillServers): Promise<void> {
  const client = new Client({ contactPoints: [cassandra.contactPoint], localDataCenter: cassandra.localDataCenter });
  try {
    const { rows: tables } = await client.execute("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", [keyspace], { prepare: true });
    for (const table of tables) {
      await client.execute(`ALTER TABLE "${keyspace}".${String(table["table_name"])} WITH compression = {'enabled': 'false'}`, [], { readTimeout: 60_000 });
    }
  } finally {
    await client.shutdown();
  }
}

/** No table of the keyspace has a row with the text. */
async function checkTables({ cassandra, keyspace }: DrillServers, text: string): Promise<void> {
  const client = new Client({ contactPoints: [cassandra.contactPoint], localDataCenter: cassandra.localDataCenter });
  try {
    const { rows: tables } = await client.execute("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", [keyspace], { prepare: true });
    for (const table of tables) {
      const { rows } = await client.execute(`SELECT * FROM "${keyspace}".${String(table["table_name"])}`);
      const isThere = rows.some((row) => Object.values(row).some((cell) => (Buffer.isBuffer(cell) ? cell.includes(text) : JSON.stringify(cell ?? null).includes(text))));
      if (isThere) throw new Error(`The table ${String(table["table_name"])} contains the text of the subject`);
    }
  } finally {
    await client.shutdown();
  }
}
