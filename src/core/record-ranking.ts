/** The fallback while the index does not answer: reads records and ranks them by keywords. */
import type { Deadline } from "../concurrency/deadline.ts";
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { StoreError } from "../model/errors.ts";
import type { LiveRecord } from "../model/item.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import { encodeCursor } from "./cursor.ts";
import type { Found, SearchLimits, SearchResult } from "./found.ts";
import { ItemsOfCall } from "./items-of-call.ts";
import { rankByKeywords } from "./keyword-ranking.ts";
import type { OwnItems } from "./own-items.ts";
import { readPage } from "./page.ts";
import { unscoredSteps } from "./ranking/steps.ts";
import type { RankedSearch } from "./ranked-search.ts";

/** What the ranking depends on. */
export interface RecordRankingOptions {
  readonly items: ItemRepository;
  readonly limits: SearchLimits;
  readonly own: OwnItems;
  /** Reports values that could not be decoded and returns their number. */
  readonly reportUnreadable: (faults: readonly StoreError[]) => number;
}

/** Returns the items that match the filter, those with keyword matches first; without scores, as these need the document frequencies of an index. */
export async function rankRecords(
  { items, limits, own, reportUnreadable }: RecordRankingOptions,
  { request, query, offset, first, asked, indexing, reading }: RankedSearch,
  reason: DegradedReason,
  deadline: Deadline,
): Promise<SearchResult> {
  const { prefix, order, filter, limit, minScore } = request;
  const { maxKeywordCandidates, maxKeywordBytes, maxScannedItems, maxFilterTests } = limits;
  const page = await readPage(new ItemsOfCall(items, deadline), {
    walk: { prefix, order, after: null, expected: maxKeywordCandidates, own },
    filter,
    reading,
    endsWhenFull: true,
    offset: 0,
    limit: maxKeywordCandidates,
    maxBytes: maxKeywordBytes,
    maxScanned: maxScannedItems,
    maxTests: maxFilterTests,
    deadline,
  });
  const unreadable = reportUnreadable(page.faults);
  // Decoded one by one, between the pauses of the ranking, and not kept.
  const textOf = (i: number): string => {
    const { record, value = decodeValue(record.value) } = page.found[i] as Found;
    return indexing.rules.textsOf(value, record.namespace, record.index).join("\n");
  };
  const analyzer = await indexing.keywords.ofRecords();
  const ranking = await rankByKeywords(analyzer, page.found.length, textOf, query, () => deadline.throwIfOver("Ranking by keywords"));
  // Similarity would have ranked every item. A keyword search finds items with a keyword match, and those that are not indexed.
  const follows = ({ vectorCount }: LiveRecord): boolean => asked !== "keyword" || vectorCount === 0;
  // Whether an item reaches the lowest score is unknown; without a keyword match it is assumed not to.
  const matched = new Set(ranking.positions);
  const rest = minScore === null ? page.found.flatMap(({ record }, i) => (matched.has(i) || !follows(record) ? [] : [i])) : [];
  const positions = [...ranking.positions, ...rest];
  const found = positions.slice(offset, offset + limit).flatMap((i) => page.found[i] ?? []);
  const next = offset + found.length;
  const hasCursor = positions.length > offset + limit && next > 0 && next <= limits.maxOffset;
  const cursor = hasCursor ? encodeCursor({ kind: "ranked", by: "records", offset: next, first }, request, asked) : null;
  const truncated = page.more || ranking.truncated;
  const skipped = unscoredSteps(request.steps);
  return { found, info: { mode: "keyword", source: "records", degraded: true, reason, unreadable, truncated, ...(skipped.length === 0 ? {} : { skipped }), cursor } };
}
