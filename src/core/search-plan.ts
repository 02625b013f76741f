/** Selects how a search is answered, before anything is read. */
import { ValidationError } from "../model/errors.ts";
import type { SearchRequest } from "../model/operation.ts";
import { decodeCursor } from "./cursor.ts";
import type { WalkPlace } from "./listing.ts";

/** How a search is answered, and where it starts. */
export type SearchPlan =
  | { readonly mode: "vector"; readonly query: string; readonly offset: number }
  | { readonly mode: "keyword"; readonly query: string; readonly offset: number }
  | { readonly mode: "filter"; readonly offset: number; readonly after: WalkPlace | null };

/**
 * Returns the plan of a search. With a query and an index, results are ranked by similarity; after a page that was ranked by
 * keywords, its cursor continues by keywords, as its offset is meaningless in another order. Otherwise results are listed.
 *
 * @throws {ValidationError} when the cursor belongs to another search, or leads beyond `maxOffset`.
 */
export function planSearch(request: SearchRequest, canRank: boolean, maxOffset: number): SearchPlan {
  const { query, cursor, offset } = request;
  if (query === null || !canRank) {
    const from = cursor === null ? null : decodeCursor(cursor, request, "listing");
    return { mode: "filter", offset, after: from?.kind === "listing" ? from : null };
  }
  const from = cursor === null ? null : decodeCursor(cursor, request, "ranked");
  if (from?.kind !== "ranked") return { mode: "vector", query, offset };
  if (offset + from.offset > maxOffset) {
    throw new ValidationError(
      `cursor and offset skip ${offset + from.offset} results; at most ${maxOffset} are allowed (limits.maxOffset): narrow the search by filter or prefix.`,
    );
  }
  return { mode: from.by, query, offset: offset + from.offset };
}
