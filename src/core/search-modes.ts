/** Selects the mode of searches: the one of the search, else of the first matching rule, else the default. */
import { matchesPattern, toLabels } from "../model/namespace.ts";
import type { RankingRequest } from "../model/ranking-options.ts";
import { DEFAULT_FUSION, type Fusion, type SearchMode } from "../model/search-mode.ts";

/** Mode of searches below some namespaces. */
export interface SearchModeRule {
  /** Leading labels of the namespaces; "*" matches any one label. */
  readonly namespace: readonly string[];
  readonly mode?: SearchMode | undefined;
}

/** The configured modes, fusion and ranking. */
export class SearchModes {
  readonly fusion: Fusion;
  /** What ranks on top of the modes; null for nothing. */
  readonly ranking: RankingRequest | null;
  readonly #default: SearchMode;
  readonly #rules: readonly SearchModeRule[];

  constructor(mode: SearchMode = "semantic", rules: readonly SearchModeRule[] = [], fusion: Fusion = DEFAULT_FUSION, ranking: RankingRequest | null = null) {
    this.fusion = fusion;
    this.ranking = ranking;
    this.#default = mode;
    this.#rules = rules.filter((rule) => rule.mode !== undefined);
  }

  /** Returns the mode of searches below a prefix. */
  of(prefix: string): SearchMode {
    if (this.#rules.length === 0) return this.#default;
    const labels = toLabels(prefix);
    return this.#rules.find(({ namespace }) => matchesPattern(labels, namespace, "prefix"))?.mode ?? this.#default;
  }
}
