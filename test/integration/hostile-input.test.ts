/** The hostile calls of the embedded suite, fewer, on CQL and Qdrant. */
import { inject, test } from "vitest";
import fc from "fast-check";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { attack, call, expectUnharmed, prepare } from "../support/hostile/calls.ts";
import { onServers } from "../support/stores.ts";

const SEQUENCES = 30;
const CALLS_A_SEQUENCE = 20;

test("hostile calls return a correct result or a typed error", async () => {
  const index = { dims: 16, embeddings: new HashEmbeddings({ dims: 16 }), fields: ["text"] };
  const opened = await onServers(inject("servers"))({ index });
  try {
    const target = await prepare(opened.store);
    const sequence = fc.array(call, { minLength: CALLS_A_SEQUENCE, maxLength: CALLS_A_SEQUENCE });
    await fc.assert(
      fc.asyncProperty(sequence, async (attacks) => {
        for (const each of attacks) await attack(target, each);
      }),
      { numRuns: SEQUENCES },
    );
    await expectUnharmed(target);
  } finally {
    await opened.dispose();
  }
});
