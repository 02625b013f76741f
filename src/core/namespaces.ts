/** Lists the namespaces with at least one live item that match conditions, truncated to a depth. */
import type { MatchCondition } from "@langchain/langgraph-checkpoint";
import { mapBounded } from "../concurrency/bounded.ts";
import { ANY_LABEL, isWithin, join, matchesPattern, SEPARATOR, toLabels } from "../model/namespace.ts";
import type { NamespaceStart } from "../model/namespace-place.ts";
import { isLive } from "../model/item.ts";
import type { ListNamespacesRequest } from "../model/request.ts";
import type { ItemRepository, ListPage, ListPosition, NamespacePage } from "../ports/item-repository.ts";
import type { Reading } from "./read-budget.ts";
import { GROWTH, pageSize } from "./namespace-pages.ts";

/** Namespaces that are checked for a live item in one step. */
const LOOKUPS_AT_ONCE = 100;

/** Namespaces whose items are listed concurrently if one record does not decide; each listing reads values. */
const LISTED_AT_ONCE = 16;

/** Page size after the newest entry of a namespace turned out to have no live item. */
const DEAD_ENTRIES_AT_ONCE = 100;

/** A namespace as listed, and the stored namespaces of a page that are truncated to it. */
interface Listed {
  readonly labels: readonly string[];
  /** The truncated path. */
  readonly path: string;
  readonly paths: string[];
}

/**
 * Returns the namespaces in label order, relative to the scope. The registry is read page by page until there are enough; with a
 * depth, reading continues behind everything below a namespace that is already listed. Conditions other than a literal prefix
 * are evaluated for every namespace below that prefix, so that the cost grows with the namespaces that do not match.
 *
 * @param reading - counts the bytes of the call that the listing belongs to
 */
export async function listNamespaces(items: ItemRepository, request: ListNamespacesRequest, reading: Reading): Promise<string[][]> {
  const { scope, conditions, limit, offset } = request;
  if (limit === 0) return [];
  const prefix = join(scope, literalPrefix(conditions));
  const wanted = offset + limit;
  const listed = new Map<string, readonly string[]>();
  let from: NamespaceStart | null = null;
  let size = pageSize(wanted);
  do {
    const page: NamespacePage = await items.namespacesAfter({ prefix, from, limit: size, unscored: false });
    const groups = groupsOf(page.paths, request);
    await addLive(items, groups, listed, { wanted, offset, reading });
    const skipped = listed.size < wanted ? skipOf(page.next, groups.at(-1), request, listed) : page.next;
    // If one listed namespace filled a page, the next one may too.
    size = pageSize(skipped === page.next ? GROWTH * size : wanted - listed.size);
    from = skipped;
  } while (from !== null && listed.size < wanted);
  return [...listed.values()].slice(offset, wanted).map((labels) => [...labels]);
}

/** Groups the matching namespaces of a page by truncated path; in label order, equal ones are adjacent. */
function groupsOf(paths: readonly string[], { scope, conditions, maxDepth }: ListNamespacesRequest): Listed[] {
  const scopeDepth = toLabels(scope).length;
  const groups: Listed[] = [];
  for (const path of paths) {
    const labels = toLabels(path).slice(scopeDepth);
    if (!conditions.every((condition) => matchesPattern(labels, condition.path, condition.matchType))) continue;
    const cut = maxDepth === null || labels.length <= maxDepth ? labels : labels.slice(0, maxDepth);
    const cutPath = cut === labels ? path : join(scope, cut.join(SEPARATOR));
    const last = groups.at(-1);
    if (last?.path === cutPath) last.paths.push(path);
    else groups.push({ labels: cut, path: cutPath, paths: [path] });
  }
  return groups;
}

/** Adds the namespaces of a page that have a live item, until `wanted` are listed. */
async function addLive(
  items: ItemRepository,
  groups: readonly Listed[],
  listed: Map<string, readonly string[]>,
  { wanted, offset, reading }: { readonly wanted: number; readonly offset: number; readonly reading: Reading },
): Promise<void> {
  // The page before may have listed the first one already.
  const open = groups.filter(({ path }) => !listed.has(path));
  while (open.length > 0 && listed.size < wanted) {
    // Nearly all have one: checking twice as many as are missing is usually enough.
    const group = open.splice(0, Math.min(LOOKUPS_AT_ONCE, 2 * (wanted - listed.size)));
    const holds = await anyHold(items, group);
    for (const [i, { labels, path }] of group.entries()) {
      if (holds[i] !== true) continue;
      listed.set(path, labels);
      const fault = listed.size > offset && listed.size <= wanted ? reading.takeNamespace(labels) : null;
      if (fault !== null) throw fault;
    }
  }
}

/** Returns where the next page starts: behind everything that would be truncated to a namespace already listed. */
function skipOf(
  next: NamespaceStart | null,
  last: Listed | undefined,
  { maxDepth }: ListNamespacesRequest,
  listed: ReadonlyMap<string, unknown>,
): NamespaceStart | null {
  if (next === null || last === undefined || last.labels.length !== maxDepth) return next;
  return listed.has(last.path) && isWithin(last.path, next.path) ? { path: last.path, from: "past" } : next;
}

/** Returns the longest literal prefix that every match must have, which the registry can use. */
function literalPrefix(conditions: readonly MatchCondition[]): string {
  let longest: readonly string[] = [];
  for (const { matchType, path } of conditions) {
    if (matchType !== "prefix") continue;
    const wildcard = path.indexOf(ANY_LABEL);
    const literal = wildcard === -1 ? path : path.slice(0, wildcard);
    if (literal.length > longest.length) longest = literal;
  }
  return longest.join(SEPARATOR);
}

/** Returns whether each has a live item. Usually the first record of its first namespace decides; these are read in one call. */
async function anyHold(items: ItemRepository, group: readonly Listed[]): Promise<boolean[]> {
  const now = Date.now();
  const records = await items.peek(group.map(({ paths }) => paths[0] as string));
  const isKnown = records.map((record) => isLive(record, now));
  const others = group.filter((_, i) => isKnown[i] !== true);
  const found = await mapBounded(others, LISTED_AT_ONCE, ({ paths }) => anyHolds(items, paths));
  let next = 0;
  return isKnown.map((known) => known || found[next++] === true);
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
