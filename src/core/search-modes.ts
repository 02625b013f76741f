/** How searches rank: the search's own mode, else that of the first rule for its namespace, else the default. */
import { matchesPattern, toLabels } from "../model/namespace.ts";
import { DEFAULT_FUSION, type Fusion, type SearchMode } from "../model/search-mode.ts";

/** Sets how searches below some namespaces rank. */
export interface SearchModeRule {
  /** Leading labels of the namespaces that the rule is for; "*" stands for any one label. */
  readonly namespace: readonly string[];
  readonly mode?: SearchMode | undefined;
}

/** The modes of a store. */
export class SearchModes {
  readonly fusion: Fusion;
  readonly #default: SearchMode;
  readonly #rules: readonly SearchModeRule[];

  constructor(mode: SearchMode = "semantic", rules: readonly SearchModeRule[] = [], fusion: Fusion = DEFAULT_FUSION) {
    this.fusion = fusion;
    this.#default = mode;
    this.#rules = rules.filter((rule) => rule.mode !== undefined);
  }

  /** The mode of searches below a prefix. */
  of(prefix: string): SearchMode {
    if (this.#rules.length === 0) return this.#default;
    const labels = toLabels(prefix);
    return this.#rules.find(({ namespace }) => matchesPattern(labels, namespace, "prefix"))?.mode ?? this.#default;
  }
}
