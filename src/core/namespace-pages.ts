/** Streams the registered namespaces below a prefix in label order, page by page. */
import { comparePaths, isWithin } from "../model/namespace.ts";
import type { NamespaceStart } from "../model/namespace-place.ts";
import type { ItemRepository, NamespacePage } from "../ports/item-repository.ts";

/** Which namespaces are streamed. */
export interface NamespaceStream {
  readonly prefix: string;
  /** Where to start; null starts at the prefix itself. */
  readonly from: NamespaceStart | null;
  /** Namespaces that the caller expects to need: the size of the first page. */
  readonly expected: number;
  /** If given, only these and the namespaces flagged as having an item without a vector. */
  readonly unscoredAnd?: readonly string[] | undefined;
}

/** Pages grow while the need is unknown: a short listing stays cheap, a long one makes few requests. */
export const GROWTH = 4;
const SMALLEST_PAGE = 32;
const LARGEST_PAGE = 2_000;

/** Streams namespaces; a page may be empty although more follow. */
export async function* namespacePages(items: ItemRepository, stream: NamespaceStream): AsyncGenerator<NamespacePage, void, undefined> {
  const { prefix, unscoredAnd } = stream;
  const others = sortedWithin(stream);
  let from = stream.from;
  for (let limit = pageSize(stream.expected); ; limit = pageSize(GROWTH * limit)) {
    const page: NamespacePage = await items.namespacesAfter({ prefix, from, limit, unscored: unscoredAnd !== undefined });
    yield others.length === 0 ? page : { paths: merged(page.paths, takeUpTo(others, page.next)), next: page.next };
    if (page.next === null) return;
    from = page.next;
  }
}

/** Returns the page size for an expected number of namespaces. */
export function pageSize(expected: number): number {
  return Math.min(Math.max(expected, SMALLEST_PAGE), LARGEST_PAGE);
}

function sortedWithin({ prefix, from, unscoredAnd = [] }: NamespaceStream): string[] {
  return unscoredAnd.filter((path) => isWithin(prefix, path) && isFrom(path, from)).sort(comparePaths);
}

function isFrom(path: string, start: NamespaceStart | null): boolean {
  if (start === null) return true;
  const order = comparePaths(path, start.path);
  return start.from === "at" ? order >= 0 : order > 0 && !(start.from === "past" && isWithin(start.path, path));
}

/** Removes the paths before a start from the sorted list, and returns them. */
function takeUpTo(paths: string[], start: NamespaceStart | null): string[] {
  const end = start === null ? -1 : paths.findIndex((path) => isFrom(path, start));
  return paths.splice(0, end === -1 ? paths.length : end);
}

function merged(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].sort(comparePaths);
}
