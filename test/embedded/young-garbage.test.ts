/** What calls allocate does not survive them: if it moved to the old generation, every collection would pause the event loop. */
import { setFlagsFromString, getHeapSpaceStatistics } from "node:v8";
import { runInNewContext } from "node:vm";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { upTo } from "../../src/testing/expectations.ts";
import { TopicEmbeddings } from "../bench/topic-embeddings.ts";
import { PATIENT } from "../support/patient.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options?: { type: "minor" | "major" }) => void;

const DIMS = 384;
const TEXT = "x".repeat(2_000);
/** Hints and cached vectors live on, and take up to 1,200 bytes; a page or the hits of a search take more than 3,000. */
const MOST_BYTES = 2_000;
const ROUNDS = 20;
const CALLS = 100;

let store: ScyllaDBStore;
beforeAll(async () => {
  store = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index: { dims: DIMS, embeddings: new TopicEmbeddings(DIMS), fields: ["text"], keyword: false } });
  await store.batch(upTo(50).map((n) => ({ namespace: ["a"], key: `${n}`, value: { n, text: `${n} ${TEXT}` } })));
});
afterAll(() => store.stop());

const oldBytes = (): number => getHeapSpaceStatistics().find(({ space_name: name }) => name === "old_space")?.space_used_size ?? 0;

/** Returns the growth of the old generation per call, in bytes. */
async function survivingBytes(call: (n: number) => Promise<unknown>): Promise<number> {
  let n = 0;
  const someCalls = async (): Promise<void> => {
    const caller = async (): Promise<void> => {
      for (let i = 0; i < CALLS / 4; i += 1) await call((n += 1));
    };
    await Promise.all([caller(), caller(), caller(), caller()]);
  };
  for (let i = 0; i < 3; i += 1) await someCalls();
  // Moves what lives on to the old generation.
  for (const type of ["major", "minor", "minor"] as const) collect({ type });
  const before = oldBytes();
  for (let i = 0; i < ROUNDS; i += 1) {
    await someCalls();
    collect({ type: "minor" });
  }
  return (oldBytes() - before) / (ROUNDS * CALLS);
}

test.each<[string, (n: number) => Promise<unknown>]>([
  ["gets", (n) => store.get(["a"], `${n % 50}`)],
  ["puts", (n) => store.put(["b"], `${n % 50}`, { text: `${n} ${TEXT}` }, false)],
  ["listings", (n) => store.search(["a"], { filter: { n: { $ne: n } }, limit: 10 })],
  ["searches", (n) => store.search(["a"], { query: `${n % 3}`, limit: 10 })],
  ["searches with other queries", (n) => store.search(["a"], { query: `topic ${n}`, limit: 10 })],
])("the garbage of %s does not survive collections of the young generation", async (_, call) => {
  let least = Infinity;
  // A collection that starts by itself may find calls in flight, and moves them to the old generation.
  for (let attempts = 0; attempts < 3 && least >= MOST_BYTES; attempts += 1) least = Math.min(least, await survivingBytes(call));
  expect(least).toBeLessThan(MOST_BYTES);
});
