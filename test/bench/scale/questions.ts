/** The calls at every size: always the same, on items that exist from the smallest size on. */
import type { ScyllaDBStore } from "langgraph-store-scylladb";
import { memory, question, spread } from "../corpus.ts";
import { measure, type Round } from "../measure.ts";
import type { Call } from "../system.ts";
import { BIG_NAMESPACE, placeOf, probe } from "./load.ts";

/** Items at the smallest size. */
const SMALLEST = 10_000;

/** A call with its cost. */
export interface Answered extends Round {
  readonly question: string;
  readonly clients: number;
}

/** Concurrent calls, by number of clients. */
interface Question {
  readonly name: string;
  readonly clients: number;
  readonly call: (store: ScyllaDBStore) => Call;
}

const old = (n: number): ReturnType<typeof placeOf> => placeOf(spread(n) % SMALLEST);

const QUESTIONS: readonly Question[] = [
  {
    name: "get",
    clients: 8,
    call: (store) => (n) => {
      const { namespace, key } = old(n);
      return store.get(namespace, key);
    },
  },
  {
    name: "put",
    clients: 8,
    call: (store) => (n) => {
      const { namespace, key } = old(n);
      return store.put(namespace, key, memory(spread(n) % SMALLEST));
    },
  },
  { name: "search a user", clients: 8, call: (store) => (n) => store.search(probe(n), { query: question(n) }) },
  { name: "search the big namespace", clients: 8, call: (store) => (n) => store.search(BIG_NAMESPACE, { query: question(n) }) },
  { name: "search everything", clients: 8, call: (store) => (n) => store.search([], { query: question(n) }) },
  { name: "first page of a user", clients: 8, call: (store) => (n) => store.search(probe(n)) },
  {
    name: "first page of the big namespace",
    clients: 8,
    call: (store) => () => store.search(BIG_NAMESPACE, { filter: { kind: "even" } }),
  },
  {
    name: "get, 100 clients",
    clients: 100,
    call: (store) => (n) => {
      const { namespace, key } = old(n);
      return store.get(namespace, key);
    },
  },
];

/**
 * Makes every call for some time, after a warm-up of the same duration.
 *
 * @param atRest - resolves when the servers have completed the background work of the previous call, such as indexing
 */
export async function askAll(store: ScyllaDBStore, forMs: number, atRest: () => Promise<void>): Promise<Answered[]> {
  const answered: Answered[] = [];
  for (const { name, clients, call } of QUESTIONS) {
    const options = { clients, itemsPerCall: 1, forMs };
    await atRest();
    const { calls } = await measure(call(store), { ...options, from: 0 });
    const { calls: counted, ...round } = await measure(call(store), { ...options, from: calls });
    if (counted === 0) throw new Error(`"${name}" was not answered once in ${forMs} ms`);
    answered.push({ question: name, clients, ...round });
  }
  return answered;
}
