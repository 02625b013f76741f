/** Lists namespaces: those that hold at least one live item, by conditions, cut to a depth. */
import type { MatchCondition } from "@langchain/langgraph-checkpoint";
import { ANY_LABEL, compareLabels, isWithin, join, matchesPattern, toLabels } from "../model/namespace.ts";
import { isLive } from "../model/item.ts";
import type { ListNamespacesRequest } from "../model/operation.ts";
import type { ItemRepository, ListPage, ListPosition } from "../ports/item-repository.ts";

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
  const { limit, offset } = request;
  if (limit === 0) return [];
  const listed = await candidates(items, request);
  const live: string[][] = [];
  for (let start = 0; start < listed.length && live.length < offset + limit; start += LOOKUPS_AT_ONCE) {
    const group = listed.slice(start, start + LOOKUPS_AT_ONCE);
    const holds = await anyHold(items, group);
    for (const [i, { labels }] of group.entries()) if (holds[i]) live.push([...labels]);
  }
  return live.slice(offset, offset + limit);
}

async function candidates(items: ItemRepository, request: ListNamespacesRequest): Promise<Listed[]> {
  const { scope, conditions, maxDepth } = request;
  const prefix = join(scope, literalPrefix(conditions));
  const scopeDepth = toLabels(scope).length;
  const byLabels = new Map<string, Listed>();
  for (const { path } of await items.namespaces(prefix)) {
    if (!isWithin(prefix, path)) continue;
    const labels = toLabels(path).slice(scopeDepth);
    if (!conditions.every((condition) => matchesPattern(labels, condition.path, condition.matchType))) continue;
    const cut = maxDepth === null ? labels : labels.slice(0, maxDepth);
    const text = cut.join(".");
    const listed = byLabels.get(text) ?? { labels: cut, paths: [] };
    listed.paths.push(path);
    byLabels.set(text, listed);
  }
  return [...byLabels.values()].sort((a, b) => compareLabels(a.labels, b.labels));
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
