/** Lists namespaces: those that hold at least one live item, by conditions, cut to a depth. */
import type { MatchCondition } from "@langchain/langgraph-checkpoint";
import { ANY_LABEL, compareLabels, join, matchesPattern, toLabels } from "../model/namespace.ts";
import { isLive } from "../model/item.ts";
import type { ListNamespacesRequest } from "../model/operation.ts";
import type { ItemRepository, ListPage, ListPosition } from "../ports/item-repository.ts";
import { inLabelOrder } from "./namespace-order.ts";

/** Listed namespaces that are looked into at once for a live item. */
const LOOKUPS_AT_ONCE = 100;

/** Page size once the newest entry of a namespace has turned out to be dead. */
const DEAD_ENTRIES_AT_ONCE = 100;

/** A namespace as it is listed, and the stored ones that it stands for when it was cut to a depth. */
interface Listed {
  readonly labels: readonly string[];
  readonly paths: string[];
}

/** The namespaces asked for, in label order, relative to the scope. */
export async function listNamespaces(items: ItemRepository, request: ListNamespacesRequest): Promise<string[][]> {
  const { scope, conditions, limit, offset } = request;
  if (limit === 0) return [];
  const live: string[][] = [];
  const waiting = new Waiting(request);
  for await (const paths of inLabelOrder(items, join(scope, literalPrefix(conditions)))) {
    for (const path of paths) waiting.add(path);
    await waiting.look(items, live, offset + limit);
    if (live.length >= offset + limit) break;
  }
  waiting.end();
  await waiting.look(items, live, offset + limit);
  return live.slice(offset, offset + limit);
}

/** Namespaces that match, on their way to be looked into. */
class Waiting {
  readonly #request: ListNamespacesRequest;
  readonly #scopeDepth: number;
  readonly #complete: Listed[] = [];
  /** The last one, to which others may belong by its cut. */
  #open: Listed | null = null;

  constructor(request: ListNamespacesRequest) {
    this.#request = request;
    this.#scopeDepth = toLabels(request.scope).length;
  }

  /** Takes the next namespace in label order, in which those that are the same when cut follow each other. */
  add(path: string): void {
    const { conditions, maxDepth } = this.#request;
    const labels = toLabels(path).slice(this.#scopeDepth);
    if (!conditions.every((condition) => matchesPattern(labels, condition.path, condition.matchType))) return;
    const cut = maxDepth === null ? labels : labels.slice(0, maxDepth);
    if (this.#open !== null && compareLabels(this.#open.labels, cut) === 0) {
      this.#open.paths.push(path);
      return;
    }
    this.end();
    this.#open = { labels: cut, paths: [path] };
  }

  /** Says that no further one belongs to the last. */
  end(): void {
    if (this.#open !== null) this.#complete.push(this.#open);
    this.#open = null;
  }

  /** Looks into what is complete, until so many are known to hold a live item. */
  async look(items: ItemRepository, live: string[][], wanted: number): Promise<void> {
    while (this.#complete.length > 0 && live.length < wanted) {
      // Nearly all hold one: twice as many as are missing are enough, and mostly too many.
      const group = this.#complete.splice(0, Math.min(LOOKUPS_AT_ONCE, 2 * (wanted - live.length)));
      const holds = await anyHold(items, group);
      for (const [i, { labels }] of group.entries()) if (holds[i]) live.push([...labels]);
    }
  }
}

/** The longest run of leading labels that every match must have: the part that the registry can be asked for. */
function literalPrefix(conditions: readonly MatchCondition[]): string {
  let longest: readonly string[] = [];
  for (const { matchType, path } of conditions) {
    if (matchType !== "prefix") continue;
    const wildcard = path.indexOf(ANY_LABEL);
    const literal = wildcard === -1 ? path : path.slice(0, wildcard);
    if (literal.length > longest.length) longest = literal;
  }
  return longest.join(".");
}

/** Whether each holds a live item: mostly the first record of its first namespace is one, and all of these are read at once. */
async function anyHold(items: ItemRepository, group: readonly Listed[]): Promise<boolean[]> {
  const now = Date.now();
  const records = await items.peek(group.map(({ paths }) => paths[0] as string));
  return Promise.all(
    group.map(({ paths }, i) => (isLive(records[i] ?? null, now) ? Promise.resolve(true) : anyHolds(items, paths))),
  );
}

async function anyHolds(items: ItemRepository, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (await holds(items, path)) return true;
  return false;
}

async function holds(items: ItemRepository, namespace: string): Promise<boolean> {
  let limit = 1;
  let after: ListPosition | null = null;
  do {
    const page: ListPage = await items.list({ namespace, order: "newest", after, limit });
    if (page.records.length > 0) return true;
    after = page.next;
    limit = DEAD_ENTRIES_AT_ONCE;
  } while (after !== null);
  return false;
}
