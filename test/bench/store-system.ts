/** Any `BaseStore` as a measured system, through that interface only. */
import type { BaseStore, PutOperation } from "@langchain/langgraph-checkpoint";
import { BATCHED_GETS, BATCHED_PUTS, PAGES, PAGE_ITEMS } from "./cases.ts";
import * as corpus from "./corpus.ts";
import { graphStep } from "./graph-step.ts";
import type { Call, System } from "./system.ts";
import type { CaseName } from "./cases.ts";

/** Items per batch, and concurrent batches, while seeding. */
const SEED_BATCH = 100;
const SEED_WRITERS = 4;

/** What a store supports besides `BaseStore`. */
interface StoreTraits {
  /** The prefix of all vectors; the root by default, for a store that searches there. */
  readonly everything?: string[];
  /** Whether searches have the option `mode`; false by default. A store that ignores the option would be measured in another mode. */
  readonly hasModes?: boolean;
}

/** Returns a store as a measured system. */
export function storeSystem(store: BaseStore, stop: () => Promise<void>, { everything = [], hasModes = false }: StoreTraits = {}): System {
  const { "search-namespace-hybrid-8": hybrid, ...calls } = callsOf(store, everything);
  return { calls: hasModes ? { ...calls, "search-namespace-hybrid-8": hybrid } : calls, seed: () => seed(store), stop };
}

async function seed(store: BaseStore): Promise<void> {
  const items = [...corpus.seedItems()];
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < items.length) {
      const batch = items.slice(next, next + SEED_BATCH);
      next += batch.length;
      await store.batch(batch.map(toPut));
    }
  };
  await Promise.all(Array.from({ length: SEED_WRITERS }, writer));
}

function toPut({ namespace, key, value, hasVector }: corpus.SeedItem): PutOperation {
  return { namespace, key, value, ...(hasVector ? {} : { index: false as const }) };
}

function callsOf(store: BaseStore, everything: string[]): Readonly<Record<CaseName, Call>> {
  const putVector: Call = (n) => {
    const { namespace, key } = corpus.putTarget(n);
    return store.put(namespace, key, corpus.memory(n));
  };
  const get: Call = (n) => present(store.get(corpus.tenant(n), corpus.tenantKey(corpus.spread(n))));
  const searchTenant: Call = (n) => full(store.search(corpus.tenant(n), { query: corpus.question(n), limit: 10 }));
  const hybrid = { limit: 10, mode: "hybrid" };
  return {
    "put-vector-1": putVector,
    "put-vector-100": putVector,
    "batch-put-vector": (n) => store.batch(batchOfPuts(n)),
    "put-plain-100": (n) => {
      const { namespace, key } = corpus.putTarget(n);
      return store.put(namespace, key, corpus.memory(n), false);
    },
    "get-1": get,
    "get-100": get,
    "batch-get-50": (n) => store.batch(batchOfGets(n)),
    "search-namespace-1": searchTenant,
    "search-namespace-8": searchTenant,
    "search-namespace-hybrid-8": async (n) => asHybrid(await full(store.search(corpus.tenant(n), { query: corpus.question(n), ...hybrid }))),
    "search-all-8": (n) => full(store.search(everything, { query: corpus.question(n), limit: 10 })),
    "search-filter-8": (n) =>
      full(store.search(corpus.tenant(n), { query: corpus.question(n), filter: { kind: "even" }, limit: 10 })),
    "filter-first-page": (n) => full(store.search(corpus.tenant(n), { filter: { kind: "even" }, limit: 10 })),
    "filter-tenth-page": (n) => full(store.search(corpus.tenant(n), { filter: { group: n % 10 }, limit: 10 })),
    // Each filter is another one: this store remembers positions in a listing, and would continue from one.
    "filter-page-50": (n) =>
      full(store.search(corpus.LONG_NAMESPACE, { filter: { kind: { $ne: `none-${n}` } }, limit: PAGE_ITEMS, offset: (PAGES - 1) * PAGE_ITEMS })),
    "pages-in-sequence": async () => {
      for (let page = 0; page < PAGES; page += 1) {
        await full(store.search(corpus.LONG_NAMESPACE, { limit: PAGE_ITEMS, offset: page * PAGE_ITEMS }));
      }
    },
    "list-namespaces": async () => {
      const found = await store.listNamespaces({ prefix: [corpus.MANY_ROOT], limit: 100 });
      if (found.length !== 100) throw new Error(`Listed ${found.length} namespaces instead of 100`);
    },
    "graph-step": graphStep(store),
  };
}

function batchOfPuts(n: number): PutOperation[] {
  return Array.from({ length: BATCHED_PUTS }, (_, i) => {
    const m = n * BATCHED_PUTS + i;
    return { namespace: ["batch", `client-${n % 20}`], key: `item-${m}`, value: corpus.memory(m) };
  });
}

function batchOfGets(n: number): { namespace: string[]; key: string }[] {
  const first = corpus.spread(n);
  return Array.from({ length: BATCHED_GETS }, (_, i) => ({
    namespace: corpus.tenant(n),
    key: corpus.tenantKey(first + i),
  }));
}

// A system that returns nothing would win every case.
async function present<T>(item: Promise<T | null>): Promise<T> {
  const found = await item;
  if (found === null) throw new Error("An item that was written is not there");
  return found;
}

async function full<T>(page: Promise<readonly T[]>): Promise<readonly T[]> {
  const found = await page;
  if (found.length !== 10) throw new Error(`A page has ${found.length} items instead of 10`);
  return found;
}

/** Rejects results of another mode: of a version without modes, or of a degraded search. */
function asHybrid(found: object): void {
  const { info } = found as { readonly info?: { readonly mode?: string } };
  if (info !== undefined && info.mode !== "hybrid") throw new Error(`A hybrid search ran as ${info.mode}`);
}
