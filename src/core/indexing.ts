import type { DistanceMetric } from "../model/distance-metric.ts";
import type { KeywordLanguage } from "../model/keyword-language.ts";
import type { TermWeights } from "../model/term-weights.ts";
import type { Embedder } from "../ports/embedder.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import type { IndexRules } from "./index-rules.ts";
import type { Keywords } from "./keywords/keywords.ts";
import type { SearchModes } from "./search-modes.ts";

/** What indexing and ranking depend on. */
export interface Indexing {
  readonly rules: IndexRules;
  readonly embedder: Embedder;
  readonly vectors: VectorIndex;
  /** Returns the language of the terms in the index; null without terms. */
  readonly storedLanguage: () => KeywordLanguage | null;
  readonly keywords: Keywords;
  readonly modes: SearchModes;
  /** What a semantic score is; cosine by default. */
  readonly metric?: DistanceMetric;
}

/** Returns the terms of an item's texts in the language of the index; null without terms. */
export function keywordWeightsOf({ keywords, storedLanguage }: Indexing, texts: readonly string[]): TermWeights | null | Promise<TermWeights | null> {
  const analyzer = keywords.of(storedLanguage());
  if (analyzer === null) return null;
  return "then" in analyzer ? analyzer.then((loaded) => loaded.weighInSteps(texts)) : analyzer.weighInSteps(texts);
}
