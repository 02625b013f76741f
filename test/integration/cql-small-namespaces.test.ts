/** CQL requests of a listing: a small namespace is read entirely, a larger one by its entries. */
import { randomUUID } from "node:crypto";
import { Client, types } from "cassandra-driver";
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import { Hints } from "../../src/concurrency/hints.ts";
import { join } from "../../src/model/namespace.ts";
import type { ListPage, ListPosition } from "../../src/ports/item-repository.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { upTo } from "../../src/testing/expectations.ts";
import { putAll, recordOf } from "../../src/testing/item-repository-suite.ts";
import { atOnce, spyOnStatements } from "../support/statements.ts";
import { dropKeyspace, uniqueName } from "../support/stores.ts";

// Tests the hints themselves.
Hints.enabled = true;

const servers = inject("servers");
const keyspace = uniqueName("test");
const client = new Client({ ...servers.cql });
const backend = new CqlBackend({ keyspace, client }, { setup: "auto", logger: silentLogger });
const { items } = backend;

beforeAll(() => backend.start());
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await backend.stop();
  await client.shutdown();
  await dropKeyspace(servers, keyspace);
});

const newRoot = (): string => `small-${randomUUID()}`;

/** Writes items whose keys are not in order of creation. Returns the keys in order of creation. */
async function filled(root: string, count: number): Promise<string[]> {
  const keys = upTo(count).map((n) => `key-${(n * 37) % 1_000}`);
  await putAll(items, keys.map((key) => recordOf(root, key)));
  return keys;
}

async function keysOf(namespace: string, order: "oldest" | "newest", limit: number): Promise<string[]> {
  const keys: string[] = [];
  let after: ListPosition | null = null;
  do {
    const page: ListPage = await items.list({ namespace, order, after, limit });
    expect(page.records.length).toBeLessThanOrEqual(limit);
    keys.push(...page.records.map(({ key }) => key));
    after = page.next;
  } while (after !== null);
  return keys;
}

/** Returns the tables that a task reads, one for each request. */
async function tablesRead(task: () => Promise<unknown>): Promise<string[]> {
  const execute = spyOnStatements(client);
  await task();
  return execute.mock.calls.map(([query]) => /FROM \S+\.(\w+)/.exec(query)?.[1] ?? query);
}

test("performance pin: a small namespace takes one request once its size is known, in either order", async () => {
  const root = newRoot();
  const keys = await filled(root, 30);
  expect(await atOnce(() => keysOf(root, "oldest", 50))).toEqual(keys);
  expect(await tablesRead(async () => expect(await keysOf(root, "oldest", 50)).toEqual(keys))).toEqual(["items"]);
  expect(await keysOf(root, "newest", 50)).toEqual([...keys].reverse());
});

test("of large values little more is read than requested, for repeated and concurrent listings", async () => {
  const root = newRoot();
  const text = "x".repeat(512 * 1024);
  for (const n of upTo(25)) await putAll(items, [recordOf(root, `key-${n}`, { value: { text } })]);
  const execute = spyOnStatements(client);
  const page = (): Promise<ListPage> => items.list({ namespace: root, order: "oldest", after: null, limit: 1 });
  const pages = await Promise.all(upTo(4).map(page));
  pages.push(await page());
  const answers = await Promise.all(execute.mock.results.map(({ value }) => value as Promise<types.ResultSet>));
  const records = answers.flatMap(({ rows }) => (rows as types.Row[] | undefined) ?? []).filter((row) => row["record"] instanceof Buffer);
  expect(pages.map((each) => each.records.map(({ key }) => key))).toEqual(pages.map(() => ["key-0"]));
  expect(records.length / pages.length).toBeLessThanOrEqual(4);
});

test.each([7, 12, 22])("pages of %d contain every item once, in either order", async (limit) => {
  const root = newRoot();
  const keys = await filled(root, 40);
  expect(await keysOf(root, "oldest", limit)).toEqual(keys);
  expect(await keysOf(root, "newest", limit)).toEqual([...keys].reverse());
});

test("performance pin: a namespace that has grown is read by its entries, without another attempt to read it entirely", async () => {
  const root = newRoot();
  const few = await filled(root, 30);
  const page = (): Promise<ListPage> => items.list({ namespace: root, order: "oldest", after: null, limit: 10 });
  expect((await atOnce(page)).records.map(({ key }) => key)).toEqual(few.slice(0, 10));
  const more = upTo(100).map((n) => `more-${n}`);
  await putAll(items, more.map((key) => recordOf(root, key)));
  expect(await tablesRead(page)).toEqual(["items", "items_by_creation", "items"]);
  expect(await tablesRead(page)).toEqual(["items_by_creation", "items"]);
  expect(await keysOf(root, "oldest", 10)).toEqual([...few, ...more]);
});

test("a record of a newer version fails only pages that contain it", async () => {
  const root = newRoot();
  const [first] = await filled(root, 5);
  const insert = `INSERT INTO "${keyspace}".items (namespace, bucket, key, record) VALUES (?, 0, 'newer', ?)`;
  await client.execute(insert, [root, Buffer.from('{"r":99}\n{}')], { prepare: true });
  const entry = `INSERT INTO "${keyspace}".items_by_creation (namespace, bucket, created, key) VALUES (?, 0, ?, 'newer')`;
  await client.execute(entry, [root, types.Long.fromNumber(Date.now() * 1_000 + 3_600_000_000)], { prepare: true });
  const page = await items.list({ namespace: root, order: "oldest", after: null, limit: 1 });
  expect(page.records.map(({ key }) => key)).toEqual([first]);
});

test("rows without a record count as read, and hide no later row", async () => {
  const root = newRoot();
  const insert = `INSERT INTO "${keyspace}".items (namespace, bucket, key) VALUES (?, 0, ?)`;
  for (const n of upTo(35)) await client.execute(insert, [root, `a-${n}`], { prepare: true });
  const keys = await filled(root, 30);
  expect(await keysOf(root, "oldest", 10)).toEqual(keys);
});

test("namespaces that hold big values are listed without reading the values", async () => {
  const root = newRoot();
  const text = "x".repeat(256 * 1024);
  const paths = upTo(30).map((n) => join(root, `n${String(n).padStart(2, "0")}`));
  for (const path of paths) await putAll(items, [recordOf(path, "a", { value: { text } }), recordOf(path, "b", { value: { text } })]);
  // In some namespaces, the first record is the marker of a delete.
  const deleted = paths.filter((_, i) => i % 10 === 0);
  await putAll(items, deleted.map((path) => recordOf(path, "a", { value: null })));
  const execute = spyOnStatements(client);
  const found = await items.peek(paths);
  const answers = await Promise.all(execute.mock.results.map(({ value }) => value as Promise<types.ResultSet>));
  const cells = answers.flatMap(({ rows }) => ((rows as types.Row[] | undefined) ?? []).flatMap((row) => row.values() as unknown[]));
  const bytes = cells.reduce((sum: number, cell) => sum + (cell instanceof Buffer ? cell.byteLength : 0), 0);
  expect(found.map((record) => (record === null ? null : record.value !== null))).toEqual(paths.map((path) => !deleted.includes(path)));
  expect(bytes).toBeLessThan(64 * 1024);
});
