import type { DegradedReason } from "../model/degraded-reason.ts";
import type { SearchRequest } from "../model/operation.ts";
import type { SearchMode } from "../model/search-mode.ts";
import type { Indexing } from "./indexing.ts";
import type { Reading } from "./read-budget.ts";

/** A search with a query that is being answered. */
export interface RankedSearch {
  readonly request: SearchRequest;
  readonly query: string;
  /** Results to leave out first. */
  readonly offset: number;
  /** Asked for by the search, or by what is configured for its namespace. */
  readonly asked: SearchMode;
  readonly indexing: Indexing;
  readonly reading: Reading;
}

/** A way to rank: as asked for, or what takes its place. */
export interface RankingWay {
  readonly mode: SearchMode;
  /** Why it takes the place of another; null where it is the one asked for. */
  readonly reason: DegradedReason | null;
}
