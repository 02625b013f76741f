import { inspect } from "node:util";
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { ClaimName } from "../claims.ts";
import type { ConformanceCase } from "../conformance-case.ts";
import { keysOf, rejectionOf, seed, type Values } from "../expectations.ts";

/** A filter, and the keys of the items that satisfy it. */
type Expectation = readonly [filter: Record<string, unknown>, keys: readonly string[]];

async function matching(store: BaseStore, prefix: string[], filter: Record<string, unknown>): Promise<string[]> {
  return keysOf(await store.search(prefix, { filter, limit: 1_000 }));
}

/** A case that puts the values and checks which of them satisfy each filter. */
export function filterCase(
  id: string,
  title: string,
  values: Values,
  expectations: readonly Expectation[],
  claims: readonly ClaimName[] = [],
): ConformanceCase {
  return {
    id: `filter/${id}`,
    title,
    claims,
    async run({ store, ns }) {
      await seed(store, ns(), values);
      for (const [filter, keys] of expectations) {
        expect(await matching(store, ns(), filter), inspect(filter, { depth: 5 })).toEqual(keys);
      }
    },
  };
}

/** A case that checks that each filter is an error, whether or not there are items that it could be tried on. */
export function filterRefused(
  id: string,
  title: string,
  filters: readonly Record<string, unknown>[],
  claims: readonly ClaimName[] = [],
): ConformanceCase {
  return {
    id: `filter/${id}`,
    title,
    claims,
    async run({ store, ns }) {
      for (const filter of filters) await rejectionOf(store.search(ns(), { filter }));
      await seed(store, ns(), { k: { n: 1 } });
      for (const filter of filters) await rejectionOf(store.search(ns(), { filter }));
    },
  };
}

/** A case that checks that each filter is an error or satisfied by nothing: both are safe, matching is not. */
export function filterNeverMatches(
  id: string,
  title: string,
  values: Values,
  filters: readonly Record<string, unknown>[],
  claims: readonly ClaimName[] = [],
): ConformanceCase {
  return {
    id: `filter/${id}`,
    title,
    claims,
    async run({ store, ns }) {
      await seed(store, ns(), values);
      for (const filter of filters) {
        const outcome = await Promise.allSettled([store.search(ns(), { filter })]);
        if (outcome[0].status === "rejected") continue;
        expect(keysOf(outcome[0].value), inspect(filter, { depth: 5 })).toEqual([]);
      }
    },
  };
}
