/** Decides how a search is answered, before anything is read. */
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
 * With a query and an index, results are ranked by similarity; a cursor from a page that was ranked by keywords goes
 * on so, as its offset means nothing in another order. Without either, results are listed.
 *
 * @throws {ValidationError} when the cursor is not one of an equal search, or leads beyond `maxOffset`.
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
      `cursor and offset leave out ${offset + from.offset} results; at most ${maxOffset} can be (limits.maxOffset): narrow the search by its filter or prefix.`,
    );
  }
  return { mode: from.by, query, offset: offset + from.offset };
}
