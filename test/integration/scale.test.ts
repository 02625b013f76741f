/** 20,000 items in 200 namespaces, loaded by concurrent clients and read back completely. */
import { isDeepStrictEqual } from "node:util";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { onServers, type TestStore } from "../support/stores.ts";

const NAMESPACES = 200;
const ITEMS_EACH = 100;
const CLIENTS = 8;

let made: TestStore | undefined;

beforeAll(async () => {
  made = await onServers(inject("servers"))({ index: { dims: 384, embeddings: new HashEmbeddings({ dims: 384 }), fields: ["text"] } });
});
afterAll(() => made?.dispose());

const namespaceOf = (n: number): string[] => ["users", `user-${n}`, "memories"];
const valueOf = (n: number, i: number): Record<string, unknown> => ({ text: `memory m${i} of user u${n}`, i, even: i % 2 === 0 });

/** Runs a task for every namespace, concurrently for each client. */
async function byClients(task: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    for (let n = next++; n < NAMESPACES; n = next++) await task(n);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

test("every item loaded is read back, by key, by listing and by meaning", async () => {
  const { store } = made as TestStore;
  const all = Array.from({ length: ITEMS_EACH }, (_, i) => i);
  const started = performance.now();
  await byClients(async (n) => {
    await store.batch(all.map((i) => ({ namespace: namespaceOf(n), key: `${i}`, value: valueOf(n, i) })));
  });
  const seconds = (performance.now() - started) / 1000;
  console.log(`loaded ${NAMESPACES * ITEMS_EACH} items in ${seconds.toFixed(1)} s (${Math.round((NAMESPACES * ITEMS_EACH) / seconds)}/s)`);

  await byClients(async (n) => {
    const items = await store.batch(all.map((i) => ({ namespace: namespaceOf(n), key: `${i}` })));
    expect(items.map((item) => item?.value)).toEqual(all.map((i) => valueOf(n, i)));
    const listed = await store.search(namespaceOf(n), { limit: ITEMS_EACH + 1 });
    expect(listed.map(({ key }) => Number(key))).toEqual(all);
  });
  expect(await store.listNamespaces({ limit: NAMESPACES + 1 })).toHaveLength(NAMESPACES);

  // Among all items the search is approximate; in a namespace of this size it is exact.
  let foundAmongAll = 0;
  for (let n = 0; n < NAMESPACES; n += 5) {
    const query = `memory m42 of user u${n}`;
    const [best] = await store.search(namespaceOf(n), { query, limit: 1 });
    expect(best?.value).toEqual(valueOf(n, 42));
    const found = await store.search(["users"], { query, limit: 3 });
    if (found.some(({ value }) => isDeepStrictEqual(value, valueOf(n, 42)))) foundAmongAll += 1;
  }
  expect(foundAmongAll).toBeGreaterThanOrEqual((0.9 * NAMESPACES) / 5);
  let cursor: string | null = null;
  let seen = 0;
  do {
    const page = await store.search([], { filter: { even: true }, limit: 1_000, cursor });
    expect(page.info.truncated).toBe(false);
    seen += page.length;
    cursor = page.info.cursor;
  } while (cursor !== null);
  expect(seen).toBe((NAMESPACES * ITEMS_EACH) / 2);
});
