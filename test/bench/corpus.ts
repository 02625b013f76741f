/** The benchmark's data, equal for every system, and the queries on it. */
import type { Embeddings } from "@langchain/core/embeddings";
import { TopicEmbeddings } from "./topic-embeddings.ts";

export const DIMS = 384;

/** Namespaces with vectors: 50 of 200 items. */
const TENANTS = 50;
const ITEMS_EACH = 200;

/** A namespace without vectors that is paged through. */
const LONG_ITEMS = 2_000;

/** Namespaces of one item without a vector. */
const MANY = 10_000;

/** Namespaces that puts go to. */
const PUT_NAMESPACES = 200;

/** A value as agents keep them: a sentence, and what it is filtered by. */
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
  /** Whether it gets a vector. */
  readonly hasVector: boolean;
}

/** Deterministic, and of no cost that counts. */
export function embeddings(): Embeddings {
  return new TopicEmbeddings(DIMS);
}

/** Index options of every store. */
export const INDEX = { dims: DIMS, embeddings: embeddings(), fields: ["text"] };

/** The first label of all namespaces with vectors that are read. */
export const TENANTS_ROOT = "bench";

export const LONG_NAMESPACE = ["long", "history"];

/** The first label of the namespaces that are listed. */
export const MANY_ROOT = "many";

export function memory(n: number): Memory {
  return {
    text: `topic${n % 97} note ${n}: the user said that order ${n * 7} arrives on day ${n % 365} and asked to be told`,
    kind: n % 2 === 0 ? "even" : "odd",
    group: Math.trunc(n / 2) % 10,
    source: `conversation-${n % 1_000}`,
  };
}

/** A namespace of 200 items with vectors; any `n` names one. */
export function tenant(n: number): string[] {
  return [TENANTS_ROOT, `tenant-${String(n % TENANTS).padStart(2, "0")}`];
}

/** Key of an item of a tenant; any `n` names one. */
export function tenantKey(n: number): string {
  return `item-${String(n % ITEMS_EACH).padStart(3, "0")}`;
}

/** A question near to some of the texts. */
export function question(n: number): string {
  return `topic${n % 97} what did the user say about order ${n}`;
}

/** Where the nth put goes; every one to a key of its own. */
export function putTarget(n: number): { namespace: string[]; key: string } {
  return { namespace: ["put", `client-${n % PUT_NAMESPACES}`], key: `item-${n}` };
}

/** Spreads consecutive calls over the data. */
export function spread(n: number): number {
  return (n * 7_919) % 1_000_003;
}

/** All that is written before the reading cases. */
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
