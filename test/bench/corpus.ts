/** The benchmark's data, equal for every system, and the queries on it. */
import type { Embeddings } from "@langchain/core/embeddings";
import { TopicEmbeddings } from "./topic-embeddings.ts";

export const DIMS = 384;

/** Namespaces with vectors: 50 of 200 items. */
const TENANTS = 50;
const ITEMS_EACH = 200;

/** A namespace without vectors, for paging. */
const LONG_ITEMS = 2_000;

/** Namespaces of one item without a vector. */
const MANY = 10_000;

/** Namespaces that puts go to. */
const PUT_NAMESPACES = 200;

/** A typical value of an agent: a sentence and fields for filters. */
export interface Memory extends Record<string, unknown> {
  readonly text: string;
  readonly kind: "even" | "odd";
  readonly group: number;
  readonly source: string;
}

/** An item to be written. */
export interface SeedItem {
  readonly namespace: string[];
  readonly key: string;
  readonly value: Memory;
  /** Whether the item has a vector. */
  readonly hasVector: boolean;
}

/** Deterministic, with negligible cost. */
export function embeddings(): Embeddings {
  return new TopicEmbeddings(DIMS);
}

/** Index options of every store. */
export const INDEX = { dims: DIMS, embeddings: embeddings(), fields: ["text"] };

/** First label of all namespaces with vectors. */
export const TENANTS_ROOT = "bench";

export const LONG_NAMESPACE = ["long", "history"];

/** First label of the listed namespaces. */
export const MANY_ROOT = "many";

export function memory(n: number): Memory {
  return {
    text: `topic${n % 97} note ${n}: the user said that order ${n * 7} arrives on day ${n % 365} and asked to be told`,
    kind: n % 2 === 0 ? "even" : "odd",
    group: Math.trunc(n / 2) % 10,
    source: `conversation-${n % 1_000}`,
  };
}

/** Returns a namespace of 200 items with vectors, for any `n`. */
export function tenant(n: number): string[] {
  return [TENANTS_ROOT, `tenant-${String(n % TENANTS).padStart(2, "0")}`];
}

/** Returns the key of an item of a tenant, for any `n`. */
export function tenantKey(n: number): string {
  return `item-${String(n % ITEMS_EACH).padStart(3, "0")}`;
}

/** Returns a query similar to some of the texts. */
export function question(n: number): string {
  return `topic${n % 97} what did the user say about order ${n}`;
}

/** Returns the namespace and unique key of the nth put. */
export function putTarget(n: number): { namespace: string[]; key: string } {
  return { namespace: ["put", `client-${n % PUT_NAMESPACES}`], key: `item-${n}` };
}

/** Spreads consecutive calls over the data. */
export function spread(n: number): number {
  return (n * 7_919) % 1_000_003;
}

/** Returns all items that are written before the reading cases. */
export function* seedItems(): Generator<SeedItem> {
  for (let t = 0; t < TENANTS; t += 1) {
    for (let i = 0; i < ITEMS_EACH; i += 1) {
      const n = t * ITEMS_EACH + i;
      yield { namespace: tenant(t), key: tenantKey(i), value: memory(n), hasVector: true };
    }
  }
  for (let i = 0; i < LONG_ITEMS; i += 1) {
    yield { namespace: LONG_NAMESPACE, key: `item-${i}`, value: memory(i), hasVector: false };
  }
  for (let i = 0; i < MANY; i += 1) {
    const label = `n${String(i).padStart(5, "0")}`;
    yield { namespace: [MANY_ROOT, label], key: "item", value: memory(i), hasVector: false };
  }
}
