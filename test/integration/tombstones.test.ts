/**
 * Namespaces with 120,000 expired items and one live item. For an hour after their expiry the entries of those items still
 * exist; afterwards they are tombstones, on which Cassandra aborts reads.
 */
import { Client, types } from "cassandra-driver";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import type { ItemRecord } from "../../src/model/item.ts";
import type { ListPage, ListPosition, RecordScan } from "../../src/ports/item-repository.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { upTo } from "../../src/testing/expectations.ts";
import { putAll, recordOf } from "../../src/testing/item-repository-suite.ts";
import { PATIENT } from "../support/patient.ts";
import { atOnce, spyOnStatements } from "../support/statements.ts";
import { dropCollections, dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const keyspace = uniqueName("test");
const client = new Client({ ...servers.cql });

const DEAD = 120_000;
const SECOND = 1_000_000;

/** The state of expired items: their entries exist for another hour, or are gone. */
const states = ["ended", "gone"] as const;
/** Position of the live item among them. */
const places = ["first", "middle", "last"] as const;
type State = (typeof states)[number];
type Place = (typeof places)[number];
const cases = states.flatMap((state) => places.map((place) => [state, place] as const));

type SearchPage = Awaited<ReturnType<ScyllaDBStore["search"]>>;

const namespaceOf = (state: State, place: Place): string[] => ["tombstones", state, place];

let store: ScyllaDBStore;

/** Rows per batch, far below the limit of servers. */
const ROWS_A_BATCH = 250;

/** Runs one statement for many rows of one partition. */
async function insert(query: string, rows: readonly (readonly unknown[])[]): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < rows.length) {
      const batch = rows.slice(next, (next += ROWS_A_BATCH));
      const queries = batch.map((params) => ({ query, params: [...params] }));
      await client.batch(queries, { prepare: true, logged: false, readTimeout: 60_000 });
    }
  };
  await Promise.all(upTo(6).map(work));
}

/** Inserts entries of items that expired a minute ago: as a store writes them, or with a TTL that ends at once. */
async function bury(
  path: string,
  state: State,
  from: number,
  count: number,
  gap: number,
  within = keyspace,
): Promise<void> {
  const query =
    `INSERT INTO "${within}".items_by_creation (namespace, bucket, created, key, expires_at) VALUES (?, 0, ?, ?, ?) ` +
    "USING TIMESTAMP ? AND TTL ?";
  const ended = types.Long.fromNumber(Date.now() - 60_000);
  const ttl = state === "ended" ? 3_540 : 1;
  const rows = upTo(count).map((i) => {
    const created = types.Long.fromNumber(from + i * gap);
    return [path, created, `dead-${i}`, ended, created, ttl];
  });
  await insert(query, rows);
}

async function fill(state: State, place: Place): Promise<void> {
  const namespace = namespaceOf(state, place);
  const path = namespace.join(".");
  const [dense, sparse] = [100, SECOND / 2];
  const putLive = (): Promise<void> => store.put(namespace, "live", { text: "green tea", kind: "live" });
  const now = Date.now() * 1000;
  if (place === "last") await bury(path, state, now - (DEAD + 1) * sparse, DEAD, sparse);
  if (place === "middle") await bury(path, state, now - (DEAD / 2 + 1) * dense, DEAD / 2, dense);
  await putLive();
  const after = Date.now() * 1000 + SECOND;
  if (place === "first") await bury(path, state, after, DEAD, dense);
  if (place === "middle") await bury(path, state, after, DEAD / 2, dense);
}

/** Waits until only tombstones are left of the entries, on which a read aborts. */
async function untilGone(path: string, within = keyspace): Promise<void> {
  const query = `SELECT key FROM "${within}".items_by_creation WHERE namespace = ? AND bucket = 0 LIMIT 100`;
  const rows = async (): Promise<number> => {
    try {
      return (await client.execute(query, [path], { prepare: true, readTimeout: 60_000 })).rowLength;
    } catch (error) {
      expect(error).toMatchObject({ code: types.responseErrorCodes.readFailure });
      return 0;
    }
  };
  await vi.waitUntil(async () => (await rows()) < 100, { timeout: 120_000, interval: 200 });
}

beforeAll(async () => {
  await client.connect();
  const { qdrant } = serverConfig(servers, keyspace);
  store = await ScyllaDBStore.connect({
    cql: { client, keyspace },
    ...(qdrant === undefined ? {} : { qdrant }),
    limits: PATIENT,
    index: { dims: 64, embeddings: new HashEmbeddings({ dims: 64 }), fields: ["text"] },
  });
  for (const [state, place] of cases) await fill(state, place);
  await Promise.all(places.map((place) => untilGone(namespaceOf("gone", place).join("."))));
});

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(async () => {
  await store.stop();
  await client.shutdown();
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});

/** Five times what the longest call takes. One that stepped over the tombstones in small parts would take thousands. */
const MOST_REQUESTS = 500;

/** Returns the result of a call, which takes few requests: a bound that does not depend on the machine, as a time does. */
async function inFewRequests<T>(what: string, call: () => Promise<T>): Promise<T> {
  const execute = spyOnStatements(client);
  const answer = await call();
  expect(execute.mock.calls.length, what).toBeLessThan(MOST_REQUESTS);
  return answer;
}

const keys = (items: readonly { readonly key: string }[]): string[] => items.map(({ key }) => key);

describe.each(cases)("among 120,000 items that have %s, the live one %s", (state, place) => {
  const namespace = namespaceOf(state, place);
  const name = `${state}, ${place}`;

  test("is found by searches with and without a query, and by its key", async () => {
    const search = (options: Parameters<ScyllaDBStore["search"]>[1]): Promise<string[]> =>
      inFewRequests(`${name}, ${JSON.stringify(options)}`, async () => keys(await store.search(namespace, options)));
    expect(await search({ order: "oldest" })).toEqual(["live"]);
    expect(await search({ order: "newest" })).toEqual(["live"]);
    expect(await search({ filter: { kind: "live" } })).toEqual(["live"]);
    expect(await search({ query: "green tea" })).toEqual(["live"]);
    expect((await store.get(namespace, "live"))?.value).toMatchObject({ kind: "live" });
  });

  test("has its namespace listed", async () => {
    const listed = await inFewRequests(`${name}, namespaces`, () => store.listNamespaces({ prefix: namespace }));
    expect(listed).toEqual([namespace]);
  });
});

test("performance pin: of recently expired items no record and few pages of entries are read", async () => {
  const execute = spyOnStatements(client);
  await store.search(namespaceOf("ended", "last"), { order: "oldest" });
  const queries = execute.mock.calls.map(([query]) => query);
  expect(queries.filter((query) => query.includes(".items ")).length).toBeLessThan(3);
  expect(queries.filter((query) => query.includes(".items_by_creation ")).length).toBeLessThan(50);
});

test("performance pin: a second search skips the known tombstones", async () => {
  await atOnce(() => store.search(namespaceOf("gone", "last")));
  const execute = spyOnStatements(client);
  await atOnce(() => store.search(namespaceOf("gone", "last")));
  const reads = execute.mock.results.filter((_, i) => /\.items(_by_creation)? /.test(execute.mock.calls[i]?.[0] ?? ""));
  expect(reads.length).toBeGreaterThan(0);
  const outcomes = await Promise.allSettled(reads.map(({ value }) => value as Promise<unknown>));
  expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
});

test.each(states)("pages continue by cursor and by offset, after items that have %s", async (state) => {
  const namespace = namespaceOf(state, "last");
  const more = ["b", "c", "d", "e"];
  for (const key of more) await store.put(namespace, key, { text: key });
  for (const order of ["oldest", "newest"] as const) {
    const expected = order === "oldest" ? ["live", ...more] : ["live", ...more].reverse();
    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const page: SearchPage = await store.search(namespace, { order, limit: 2, cursor });
      found.push(...keys(page));
      cursor = page.info.cursor;
    } while (cursor !== null);
    expect(found).toEqual(expected);
    expect(keys(await store.search(namespace, { order, limit: 2, offset: 3 }))).toEqual(expected.slice(3));
  }
  expect(keys(await store.search(namespace, { filter: { text: "c" } }))).toEqual(["c"]);
  await store.batch(more.map((key) => ({ namespace, key, value: null })));
});

test("all namespaces are listed and searched from above", async () => {
  const listed = await inFewRequests("all, namespaces", () => store.listNamespaces({ prefix: ["tombstones"] }));
  expect(listed).toEqual(cases.map(([state, place]) => namespaceOf(state, place)).sort());
  const found: (readonly string[])[] = [];
  let cursor: string | null = null;
  do {
    // A page ends early when its time is over.
    const page: SearchPage = await store.search(["tombstones"], { limit: 20, cursor });
    found.push(...page.map(({ namespace }) => namespace));
    cursor = page.info.cursor;
  } while (cursor !== null);
  expect(found).toEqual(listed);
});

describe("a namespace of four partitions with one tombstone-heavy partition", () => {
  const within = uniqueName("test");
  const path = "spread";
  const backend = new CqlBackend(
    { client, keyspace: within, buckets: [{ namespace: [path], buckets: 4 }] },
    { setup: "auto", logger: silentLogger },
  );
  const from = Date.now() * 1000 - 3_600 * SECOND;
  // Before the tombstones, among them, and after them.
  const records = upTo(30).map((i) => recordOf(path, `live-${i}`, { created: from + (i - 10) * SECOND + 50 }));

  beforeAll(async () => {
    await backend.start();
    await putAll(backend.items, records);
    await bury(path, "gone", from, DEAD, 100, within);
    await untilGone(path, within);
  });
  afterAll(async () => {
    await backend.stop();
    await dropKeyspace(servers, within);
  });

  test.each(["oldest", "newest"] as const)("is listed completely, %s first", async (order) => {
    for (const limit of [7, 100]) {
      const found: ItemRecord[] = [];
      for (let after: ListPosition | null = null, isFirst = true; isFirst || after !== null; isFirst = false) {
        const page: ListPage = await inFewRequests(`gone, in buckets, ${order} first`, () =>
          backend.items.list({ namespace: path, order, after, limit }),
        );
        found.push(...page.records);
        after = page.next;
      }
      expect(keys(found)).toEqual(keys(order === "oldest" ? records : records.toReversed()));
    }
  });
});

describe("a partition of 120,000 tombstones of records", () => {
  const path = "records.tombstones";
  const around = ["", "a", "dead-0000", "dead-0060000x", "dead-1", "e", "😀"];
  let records: ItemRecord[] = [];
  let backend: CqlBackend;

  beforeAll(async () => {
    const later = (): number => Date.now() + 3 * 3_600_000;
    backend = new CqlBackend({ client, keyspace }, { setup: "never", logger: silentLogger, now: later });
    await backend.start();
    records = [
      ...around.map((key) => recordOf(path, key)),
      ...upTo(40).map((i) => recordOf(path, `alive-${i}`)),
      ...upTo(60).map((i) => recordOf(`records.other-${i}`, "key")),
    ];
    await putAll(backend.items, records);
    const query = `INSERT INTO "${keyspace}".items (namespace, bucket, key, record) VALUES (?, 0, ?, ?) USING TTL 1`;
    const cell = Buffer.from("{}");
    await insert(query, upTo(DEAD).map((i) => [path, `dead-${String(i).padStart(7, "0")}`, cell]));
    const last = `SELECT record FROM "${keyspace}".items WHERE namespace = ? AND bucket = 0 AND key = ?`;
    const isGone = async (): Promise<boolean> =>
      (await client.execute(last, [path, `dead-0${DEAD - 1}`], { prepare: true })).rowLength === 0;
    await vi.waitUntil(isGone, { timeout: 120_000, interval: 200 });
  });

  async function scanAll(): Promise<RecordScan[]> {
    const parts: RecordScan[] = [];
    for (let after: string | null = null; parts.length === 0 || after !== null; ) {
      const part: RecordScan = await inFewRequests("a part of the scan", () => backend.items.scan(after, 50));
      parts.push(part);
      after = part.next;
    }
    return parts;
  }

  test("is scanned, each record once, also after a repair deleted its namespace from the registry", async () => {
    await backend.items.unregister([path], Number.MAX_SAFE_INTEGER / 1000);
    const parts = await scanAll();
    const found = parts.flatMap((part) => part.found).filter(({ namespace }) => namespace.startsWith("records."));
    const idOf = ({ namespace, key }: ItemRecord): string => `${namespace} ${key}`;
    expect(found.map(idOf).sort()).toEqual(records.map(idOf).sort());
    expect(parts.filter(({ unreadable }) => unreadable > 0)).toEqual([]);
    const shares = parts.map(({ done }) => done);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });
});
