/** Ten thousand hostile calls: each returns a correct result or an error that names the fault. */
import { afterAll, beforeAll, expect, test } from "vitest";
import fc from "fast-check";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { attack, call, expectUnharmed, prepare, type Target } from "../support/hostile/calls.ts";
import { makeEmbeddedStore, type TestStore } from "../support/stores.ts";

/** Total number of calls, in sequences in which later calls meet the data of earlier ones. */
const SEQUENCES = 500;
const CALLS_A_SEQUENCE = 20;

let made: TestStore;
let target: Target;

beforeAll(async () => {
  made = await makeEmbeddedStore({ index: { dims: 16, embeddings: new HashEmbeddings({ dims: 16 }), fields: ["text"] } });
  target = await prepare(made.store);
});

afterAll(() => made.dispose());

test("hostile calls return a correct result or a typed error", async () => {
  let calls = 0;
  const sequence = fc.array(call, { minLength: CALLS_A_SEQUENCE, maxLength: CALLS_A_SEQUENCE });
  await fc.assert(
    fc.asyncProperty(sequence, async (attacks) => {
      for (const each of attacks) await attack(target, each);
      calls += attacks.length;
    }),
    { numRuns: SEQUENCES },
  );
  await expectUnharmed(target);
  expect(calls).toBeGreaterThanOrEqual(SEQUENCES * CALLS_A_SEQUENCE);
});
