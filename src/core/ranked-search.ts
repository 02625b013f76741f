import type { DegradedReason } from "../model/degraded-reason.ts";
import type { SearchRequest } from "../model/request.ts";
import type { SearchMode } from "../model/search-mode.ts";
import type { FirstPage } from "./cursor.ts";
import type { Indexing } from "./indexing.ts";
import type { RankingSteps } from "./ranking/steps.ts";
import type { Reading } from "./read-budget.ts";

/** A search with a query. */
export interface RankedSearch {
  readonly request: SearchRequest & { readonly steps: RankingSteps | null };
  readonly query: string;
  /** Number of results to skip. */
  readonly offset: number;
  readonly first: FirstPage;
  /** The requested mode: that of the search, or the configured one of its namespace. */
  readonly asked: SearchMode;
  readonly indexing: Indexing;
  readonly reading: Reading;
}

/** How to rank: as requested, or a fallback. */
export interface RankingWay {
  readonly mode: SearchMode;
  /** Reason of the fallback; null for the requested mode. */
  readonly reason: DegradedReason | null;
}
