import type { DistanceMetric } from "../model/distance-metric.ts";
import type { KeywordLanguage } from "../model/keyword-language.ts";
import type { TermWeights } from "../model/term-weights.ts";
import type { Embedder } from "../ports/embedder.ts";
import type { Vector, VectorIndex } from "../ports/vector-index.ts";
import type { IndexRules } from "./index-rules.ts";
import type { Keywords } from "./keywords/keywords.ts";
import type { SearchModes } from "./search-modes.ts";

/** What indexing and ranking in one generation depend on. */
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

/** What an item has in one generation of the index. */
export interface IndexEntries {
  /** The generation; null for an item without texts in any. */
  readonly indexing: Indexing | null;
  /** Number of texts. */
  readonly texts: number;
  /** Empty although there are texts if embedding failed and is left to the reconciler. */
  readonly vectors: readonly Vector[];
  readonly terms: TermWeights | null;
}

/** Returns the terms of an item's texts in the language of the index; null without terms. */
export function keywordWeightsOf({ keywords, storedLanguage }: Indexing, texts: readonly string[]): TermWeights | null | Promise<TermWeights | null> {
  const analyzer = keywords.of(storedLanguage());
  if (analyzer === null) return null;
  return "then" in analyzer ? analyzer.then((loaded) => loaded.weighInSteps(texts)) : analyzer.weighInSteps(texts);
}
