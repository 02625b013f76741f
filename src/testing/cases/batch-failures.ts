import type { Operation } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { batchRejectionOf, expectInvalidNamespace, keysOf } from "../expectations.ts";

/** What one failing operation means for the others of its batch. */
export const batchFailures: CaseFamily = {
  name: "batch: failures",
  setting: "plain",
  cases: [
    {
      id: "batch/unknown-operation",
      title: "an operation of no known kind is an error",
      async run({ store, ns }) {
        await batchRejectionOf(store.batch([{ nonsense: true } as unknown as Operation]));
        await batchRejectionOf(store.batch([{ namespace: ns() } as unknown as Operation]));
      },
    },
    {
      id: "batch/failure-undoes-nothing",
      title: "one refused operation makes the batch reject, and the others are carried out",
      async run({ store, ns }) {
        await store.put(ns(), "old", { n: 1 });
        await expectInvalidNamespace(
          store.batch([
            { namespace: ns(), key: "before", value: { n: 2 } },
            { namespace: ns("bad.label"), key: "k", value: { n: 3 } },
            { namespace: ns(), key: "old", value: null },
            { namespace: ns(), key: "after", value: { n: 4 } },
          ]),
        );
        expect(keysOf(await store.search(ns())).sort()).toEqual(["after", "before"]);
      },
    },
    {
      id: "batch/unstorable-value-undoes-nothing",
      title: "one value that cannot be stored does not keep the others of its batch from being stored",
      async run({ store, ns }) {
        await batchRejectionOf(
          store.batch([
            { namespace: ns(), key: "good", value: { n: 1 } },
            { namespace: ns(), key: "bad", value: { hook: () => 1 } },
          ]),
        );
        expect(keysOf(await store.search(ns()))).toEqual(["good"]);
      },
    },
  ],
};
