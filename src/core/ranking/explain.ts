/** Parts of the scores of a mode. */
import { writeText } from "../../model/item.ts";
import type { SearchMode } from "../../model/search-mode.ts";
import type { Explanation, Found } from "../found.ts";
import type { Candidate, Fused } from "../fusion.ts";

/** The parts of a fused ranking, by the write of the item. */
export type FusedParts = ReadonlyMap<string, Omit<Fused<Candidate>, "candidate">>;

/** Returns the parts of a hit's score: in each ranking its score and its rank, null where it was not ranked. */
export function partsOf(mode: SearchMode, fused: FusedParts | null, hit: Found, rank: number): Pick<Explanation, "semantic" | "keyword" | "fused"> {
  const own = { score: hit.score ?? 0, rank };
  const parts = fused?.get(writeText(hit.record));
  if (parts === undefined) return { semantic: mode === "semantic" ? own : null, keyword: mode === "keyword" ? own : null, fused: null };
  const { semantic, semanticRank, keyword, keywordRank } = parts;
  return {
    semantic: semantic === null || semanticRank === null ? null : { score: semantic, rank: semanticRank },
    keyword: keyword === null || keywordRank === null ? null : { score: keyword, rank: keywordRank },
    fused: own,
  };
}
