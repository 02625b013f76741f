/** Selects how a search is answered, before anything is read. */
import { ValidationError } from "../model/errors.ts";
import type { SearchRequest } from "../model/request.ts";
import type { SearchMode } from "../model/search-mode.ts";
import { decodeCursor, type CursorRequest, type FirstPage, type Ranking } from "./cursor.ts";
import type { WalkPlace } from "./listing.ts";

/** How a search is answered, and where it starts. */
export type SearchPlan =
  | { readonly mode: "filter"; readonly offset: number; readonly after: WalkPlace | null }
  | { readonly mode: Ranking; readonly query: string; readonly offset: number; readonly first: FirstPage };

/**
 * Returns the plan of a search. With a query and an index, results are ranked; after a page of a fallback, its cursor continues
 * the ranking of the fallback, as its offset is meaningless in another. Otherwise results are listed.
 *
 * @param asked - the requested mode; null in a store without an index
 * @throws {ValidationError} when the cursor belongs to another search, or leads beyond `maxOffset`.
 */
export function planSearch(request: SearchRequest & CursorRequest, asked: SearchMode | null, maxOffset: number): SearchPlan {
  const { query, cursor, offset, limit } = request;
  if (query === null || asked === null) {
    const from = cursor === null ? null : decodeCursor(cursor, request, "listing");
    return { mode: "filter", offset, after: from?.kind === "listing" ? from : null };
  }
  const from = cursor === null ? null : decodeCursor(cursor, request, "ranked", asked);
  if (from?.kind !== "ranked") return { mode: asked, query, offset, first: { limit, at: Date.now() } };
  if (offset + from.offset > maxOffset) {
    throw new ValidationError(
      `cursor and offset skip ${offset + from.offset} results; at most ${maxOffset} are allowed (limits.maxOffset): narrow the search by filter or prefix.`,
    );
  }
  return { mode: from.by, query, offset: offset + from.offset, first: from.first };
}
