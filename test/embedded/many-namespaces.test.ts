/** Searches and listings over many namespaces. */
import { ScyllaDBStore, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { afterEach, describe, expect, test } from "vitest";
import { rejectionOf, upTo } from "../../src/testing/expectations.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { PATIENT } from "../support/patient.ts";

const stores: ScyllaDBStore[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.stop()));
});

async function open(config: Omit<EmbeddedStoreConfig, "path"> = {}): Promise<ScyllaDBStore> {
  const store = await ScyllaDBStore.embedded({ limits: PATIENT, ...config, path: ":memory:" });
  stores.push(store);
  return store;
}

describe("an offset", () => {
  const filled = async (): Promise<ScyllaDBStore> => {
    const store = await open({ limits: { maxScannedItems: 20 } });
    await store.batch(upTo(50).map((n) => ({ namespace: ["a"], key: `${n}`, value: { n, odd: n % 2 } })));
    return store;
  };

  test("within limits.maxScannedItems is reached without truncation", async () => {
    const store = await filled();
    const found = await store.search(["a"], { offset: 20, limit: 3 });
    expect(found.map(({ key }) => key)).toEqual(["20", "21", "22"]);
    expect(found.info).toMatchObject({ truncated: false });
    expect(await store.search(["a"], { offset: 5, limit: 3, cursor: found.info.cursor ?? "" })).toHaveLength(3);
  });

  test("beyond limits.maxScannedItems is a ValidationError that names info.cursor", async () => {
    const store = await filled();
    for (const options of [{ offset: 21 }, { offset: 1_000_000 }, { offset: 11, filter: { odd: 1 } }]) {
      const error = await rejectionOf(store.search(["a"], options));
      expect(error).toMatchObject({ name: "ValidationError" });
      expect(error.message).toContain("info.cursor");
      expect(error.message).toContain("limits.maxScannedItems");
    }
  });

  test("beyond all items finds nothing", async () => {
    const store = await filled();
    expect(await store.search(["nothing"], { offset: 1_000 })).toEqual([]);
  });
});

test("a search stops within a run of namespaces with expired items, and continues after it", async () => {
  const store = await open({ limits: { maxScannedItems: 100 } });
  await store.batch(upTo(50).map((n) => ({ namespace: ["users", `${100 + n}`], key: "k", value: { n } })));
  for (const n of upTo(50)) await store.put(["users", `${100 + n}`], "k", { n }, false, { expiresAt: new Date(Date.now() + 1_500) });
  await store.put(["users", "999"], "k", { last: true });
  await waitUntil("the items to expire", async () => (await store.get(["users", "149"], "k")) === null);
  const first = await store.search(["users"]);
  expect(first).toEqual([]);
  expect(first.info).toMatchObject({ truncated: true, cursor: expect.any(String) as string });
  let page = first;
  let pages = 1;
  for (; page.info.cursor !== null; pages += 1) page = await store.search(["users"], { cursor: page.info.cursor });
  expect(page.map(({ value }) => value)).toEqual([{ last: true }]);
  expect(pages).toBeGreaterThan(3);
});

test("the time of a listing grows no faster than the length of labels", async () => {
  const store = await open({ limits: { maxLabelBytes: 8_192, deadlineMs: 60_000 } });
  const named = async (root: string, length: number): Promise<() => Promise<number>> => {
    const label = (n: number): string => `${100 + n}${"-".repeat(length)}`;
    await store.batch(upTo(300).map((n) => ({ namespace: [root, label(n)], key: "k", value: {} })));
    // Processor time of all threads, which does not include waits for a busy machine.
    return async () => {
      const begun = process.cpuUsage();
      expect(await store.listNamespaces({ prefix: [root], limit: 300 })).toHaveLength(300);
      const { user, system } = process.cpuUsage(begun);
      return user + system;
    };
  };
  const [short, long] = [await named("short", 1_000), await named("long", 8_000)];
  const best = async (time: () => Promise<number>): Promise<number> => Math.min(await time(), await time(), await time());
  const ratio = (await best(long)) / (await best(short));
  // Eight times the bytes: linear is at most 8, quadratic 64.
  expect(ratio).toBeLessThan(24);
});
