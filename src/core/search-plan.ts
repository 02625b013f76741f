/** Selects how a search is answered, before anything is read. */
import { ValidationError } from "../model/errors.ts";
import type { SearchRequest } from "../model/operation.ts";
import type { SearchMode } from "../model/search-mode.ts";
import { decodeCursor, type Ranking } from "./cursor.ts";
import type { WalkPlace } from "./listing.ts";

/** How a search is answered, and where it starts. */
export type SearchPlan =
  | { readonly mode: "filter"; readonly offset: number; readonly after: WalkPlace | null }
  | { readonly mode: Ranking; readonly query: string; readonly offset: number };

/**
 * With a query and an index, results are ranked; a cursor from a page that was ranked otherwise during an outage continues
 * in that ranking, as its offset means nothing in another. Without either, results are listed.
 *
 * @param asked - how the search is to rank; null in a store without an index
 * @throws {ValidationError} when the cursor is not one of an equal search, or leads beyond `maxOffset`.
 */
export function planSearch(request: SearchRequest, asked: SearchMode | null, maxOffset: number): SearchPlan {
  const { query, cursor, offset } = request;
  if (query === null || asked === null) {
    const from = cursor === null ? null : decodeCursor(cursor, request, "listing");
    return { mode: "filter", offset, after: from?.kind === "listing" ? from : null };
  }
  const from = cursor === null ? null : decodeCursor(cursor, request, "ranked", asked);
  if (from?.kind !== "ranked") return { mode: asked, query, offset };
  if (offset + from.offset > maxOffset) {
    throw new ValidationError(
      `cursor and offset skip ${offset + from.offset} results; at most ${maxOffset} are allowed (limits.maxOffset): narrow the search by filter or prefix.`,
    );
  }
  return { mode: from.by, query, offset: offset + from.offset };
}
