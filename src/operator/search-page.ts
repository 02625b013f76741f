/** Reads items page by page through the request pipeline, so that the read is audited. */
import type { SearchResult } from "../core/found.ts";
import { searchOf } from "../core/memory.ts";
import { StoreError } from "../model/errors.ts";
import type { Filter } from "../model/filter.ts";
import { ROOT } from "../model/namespace.ts";
import type { OperatorDependencies } from "./dependencies.ts";

/** A page of the items below a prefix. */
interface SearchPageQuery {
  readonly prefix: string;
  readonly filter?: Filter | null;
  /** Cursor of the page before; null for the first page. */
  readonly cursor: string | null;
  readonly limit: number;
  readonly actor?: string | null;
}

/** Returns a page of items in stable order, without renewing their TTLs. */
export async function searchPage({ run }: OperatorDependencies, { prefix, filter = null, cursor, limit, actor = null }: SearchPageQuery): Promise<SearchResult> {
  const [outcome] = await run(
    [
      {
        kind: "search",
        scope: ROOT,
        prefix,
        query: null,
        filter,
        limit,
        offset: 0,
        order: "oldest",
        cursor,
        minScore: null,
        mode: null,
        ranking: null,
        refreshTtl: false,
        signal: null,
      },
    ],
    { scope: ROOT, actor },
  );
  if (outcome?.status !== "fulfilled") throw outcome?.reason;
  const result = searchOf(outcome.value);
  if (result === null) throw new StoreError("QUERY", false, "A search returned something else than results.");
  return result;
}
