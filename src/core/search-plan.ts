/** Decides how a search is answered, before anything is read. */
import type { SearchRequest } from "../model/operation.ts";
import { decodeCursor } from "./cursor.ts";
import type { Walk } from "./listing.ts";

/** How a search is answered, and where it starts. */
export type SearchPlan =
  | { readonly mode: "vector"; readonly query: string; readonly offset: number }
  | { readonly mode: "keyword"; readonly query: string; readonly offset: number }
  | { readonly mode: "filter"; readonly offset: number; readonly after: Walk["after"] };

/**
 * With a query and an index, results are ranked by similarity; a cursor from a page that was ranked by keywords goes
 * on so, as its offset means nothing in another order. Without either, results are listed.
 */
export function planSearch(request: SearchRequest, canRank: boolean): SearchPlan {
  const { query, cursor, prefix, order, offset } = request;
  if (query === null || !canRank) {
    const from = cursor === null ? null : decodeCursor(cursor, prefix, order);
    return { mode: "filter", offset, after: from?.kind === "listing" ? from : null };
  }
  const from = cursor === null ? null : decodeCursor(cursor, prefix, "ranked");
  if (from?.kind !== "ranked") return { mode: "vector", query, offset };
  return { mode: from.by, query, offset: offset + from.offset };
}
