/**
 * The raw drivers with the fewest requests that each case needs: no intents, versions, resilience or verification.
 * The difference to a store is the cost of the store.
 */
import { Client, types } from "cassandra-driver";
import { BATCHED_GETS, BATCHED_PUTS, PAGES, PAGE_ITEMS } from "../cases.ts";
import * as corpus from "../corpus.ts";
import { settled } from "../qdrant-status.ts";
import type { ServerPair, System } from "../system.ts";
import { TopicEmbeddings } from "../topic-embeddings.ts";
import { RawQdrant, type RawPoint } from "./raw-qdrant.ts";

const KEYSPACE = "bench_raw";
const SEEDED_AT_ONCE = 64;
const POINTS_A_REQUEST = 100;

/** Groups of points in flight; more were no faster. */
const GROUPS_AT_ONCE = 2;

const embedder = new TopicEmbeddings(corpus.DIMS);

/** The raw drivers. */
export async function rawSystem({ cql, qdrant }: ServerPair): Promise<System> {
  const client = new Client(cql);
  await client.connect();
  await createTables(client, cql.localDataCenter);
  const vectors = new RawQdrant(qdrant.url, KEYSPACE);
  await vectors.create(corpus.DIMS);
  const execute = async (query: string, params: unknown[]): Promise<types.Row[]> =>
    (await client.execute(query, params, { prepare: true, consistency: types.consistencies.localQuorum })).rows;

  const insert = (namespace: string[], key: string, value: corpus.Memory, n: number): Promise<unknown> => {
    const path = namespace.join(".");
    return Promise.all([
      execute(`INSERT INTO ${KEYSPACE}.items (namespace, key, record) VALUES (?, ?, ?)`, [path, key, JSON.stringify(value)]),
      n < 0 ? null : execute(`INSERT INTO ${KEYSPACE}.by_creation (namespace, created, key) VALUES (?, ?, ?)`, [path, types.Long.fromNumber(n), key]),
    ]);
  };
  const putPlain = (namespace: string[], key: string, value: corpus.Memory): Promise<unknown> => insert(namespace, key, value, -1);
  const get = async (namespace: string[], key: string): Promise<unknown> => {
    const rows = await execute(`SELECT key, record FROM ${KEYSPACE}.items WHERE namespace = ? AND key = ?`, [namespace.join("."), key]);
    return JSON.parse(rows[0]?.get("record") as string);
  };
  const getAll = async (namespace: string, keys: readonly string[]): Promise<unknown[]> => {
    const rows = await execute(`SELECT key, record FROM ${KEYSPACE}.items WHERE namespace = ? AND key IN ?`, [namespace, keys]);
    return rows.map((row) => JSON.parse(row.get("record") as string) as unknown);
  };
  const searchTenant = (n: number): Promise<{ key: string }[]> =>
    vectors.query(embedder.embed(corpus.question(n)), { ns: corpus.tenant(n).join(".") });
  const getOne = (n: number): Promise<unknown> => get(corpus.tenant(n), corpus.tenantKey(corpus.spread(n)));

  /** Reads entries in order, then their records in groups, until ten of them match. */
  const firstPage = async (namespace: string, atATime: number, matches: (value: corpus.Memory) => boolean): Promise<unknown> => {
    const found: corpus.Memory[] = [];
    let after = -1;
    while (found.length < 10) {
      const entries = await execute(
        `SELECT created, key FROM ${KEYSPACE}.by_creation WHERE namespace = ? AND created > ? LIMIT ?`,
        [namespace, types.Long.fromNumber(after), atATime],
      );
      const values = (await getAll(namespace, entries.map((row) => row.get("key") as string))) as corpus.Memory[];
      found.push(...values.filter(matches));
      after = (entries.at(-1)?.get("created") as types.Long).toNumber();
    }
    return found;
  };

  return {
    shapes: {
      "put-vector-100": { clients: GROUPS_AT_ONCE, itemsPerCall: POINTS_A_REQUEST },
    },
    calls: {
      "put-vector-1": async (n) => {
        const { namespace, key } = corpus.putTarget(n);
        await putPlain(namespace, key, corpus.memory(n));
        await vectors.upsert([pointOf(namespace, key, corpus.memory(n))]);
      },
      "put-vector-100": (n) => vectors.upsert(pointsOf(n, POINTS_A_REQUEST)),
      "batch-put-vector": async (n) => {
        const writes = Array.from({ length: BATCHED_PUTS }, (_, i) => {
          const { namespace, key } = corpus.putTarget(n * BATCHED_PUTS + i);
          return putPlain(namespace, key, corpus.memory(n * BATCHED_PUTS + i));
        });
        await Promise.all([...writes, vectors.upsert(pointsOf(n, BATCHED_PUTS))]);
      },
      "put-plain-100": (n) => {
        const { namespace, key } = corpus.putTarget(n);
        return putPlain(namespace, key, corpus.memory(n));
      },
      "get-1": getOne,
      "get-100": getOne,
      "batch-get-50": (n) => {
        const first = corpus.spread(n);
        return Promise.all(
          Array.from({ length: BATCHED_GETS }, (_, i) => get(corpus.tenant(n), corpus.tenantKey(first + i))),
        );
      },
      "search-namespace-1": async (n) => {
        const hits = await searchTenant(n);
        return getAll(corpus.tenant(n).join("."), hits.map(({ key }) => key));
      },
      "search-namespace-8": searchTenant,
      "search-all-8": (n) => vectors.query(embedder.embed(corpus.question(n)), {}),
      "search-filter-8": (n) =>
        vectors.query(embedder.embed(corpus.question(n)), { ns: corpus.tenant(n).join("."), kind: "even" }),
      "filter-first-page": (n) => firstPage(corpus.tenant(n).join("."), 20, ({ kind }) => kind === "even"),
      "filter-tenth-page": (n) => firstPage(corpus.tenant(n).join("."), 100, ({ group }) => group === n % 10),
      "filter-page-50": async () => {
        const namespace = corpus.LONG_NAMESPACE.join(".");
        const entries = await execute(`SELECT key FROM ${KEYSPACE}.by_creation WHERE namespace = ? LIMIT 500`, [namespace]);
        return getAll(namespace, entries.slice(490).map((row) => row.get("key") as string));
      },
      "pages-in-sequence": async () => {
        const namespace = corpus.LONG_NAMESPACE.join(".");
        for (let page = 0, after = -1; page < PAGES; page += 1) {
          const entries = await execute(
            `SELECT key, created FROM ${KEYSPACE}.by_creation WHERE namespace = ? AND created > ? LIMIT ${PAGE_ITEMS}`,
            [namespace, types.Long.fromNumber(after)],
          );
          await getAll(namespace, entries.map((row) => row.get("key") as string));
          after = (entries.at(-1)?.get("created") as types.Long).toNumber();
        }
      },
      "list-namespaces": () => execute(`SELECT path FROM ${KEYSPACE}.namespaces WHERE root = ? LIMIT 100`, [corpus.MANY_ROOT]),
    },
    async seed() {
      await inParallel(corpus.seedItems(), async ({ namespace, key, value }, n) => {
        await insert(namespace, key, value, n);
        if (namespace[0] !== corpus.MANY_ROOT) return;
        await execute(`INSERT INTO ${KEYSPACE}.namespaces (root, path) VALUES (?, ?)`, [corpus.MANY_ROOT, namespace.join(".")]);
      });
      const points = [...corpus.seedItems()]
        .filter(({ hasVector }) => hasVector)
        .map(({ namespace, key, value }) => pointOf(namespace, key, value));
      for (let at = 0; at < points.length; at += POINTS_A_REQUEST) await vectors.upsert(points.slice(at, at + POINTS_A_REQUEST));
    },
    settle: () => settled(qdrant.url, KEYSPACE),
    async stop() {
      await Promise.all([client.shutdown(), vectors.close()]);
    },
  };
}

async function createTables(client: Client, dataCenter: string): Promise<void> {
  for (const statement of [
    `CREATE KEYSPACE IF NOT EXISTS ${KEYSPACE} WITH replication = {'class': 'NetworkTopologyStrategy', '${dataCenter}': 1}`,
    `CREATE TABLE IF NOT EXISTS ${KEYSPACE}.items (namespace text, key text, record text, PRIMARY KEY ((namespace), key))`,
    `CREATE TABLE IF NOT EXISTS ${KEYSPACE}.by_creation (namespace text, created bigint, key text, PRIMARY KEY ((namespace), created, key))`,
    `CREATE TABLE IF NOT EXISTS ${KEYSPACE}.namespaces (root text, path text, PRIMARY KEY ((root), path))`,
  ]) {
    await client.execute(statement);
  }
}

function pointOf(namespace: readonly string[], key: string, value: corpus.Memory): RawPoint {
  return { key, vector: embedder.embed(value.text), payload: { ns: namespace.join("."), key, kind: value.kind } };
}

function pointsOf(n: number, count: number): RawPoint[] {
  return Array.from({ length: count }, (_, i) => {
    const { namespace, key } = corpus.putTarget(n * count + i);
    return pointOf(namespace, key, corpus.memory(n * count + i));
  });
}

/** Runs a task for every item, with bounded concurrency. */
async function inParallel<T>(items: Iterable<T>, task: (item: T, n: number) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let n = 0;
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await task(next.value, n++);
  };
  await Promise.all(Array.from({ length: SEEDED_AT_ONCE }, worker));
}
