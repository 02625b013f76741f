/** Selects the texts of a value to embed: by the put's own `index`, else by the first matching rule, else by the default. */
import { parseTextPath, textsAt, WHOLE_VALUE, type TextPath, type Texts } from "../model/index-text.ts";
import type { IndexOverride, Value } from "../model/item.ts";
import { matchesPattern, toLabels } from "../model/namespace.ts";

/** How the items of some namespaces are indexed. */
export interface IndexRule {
  /** Leading labels of the namespaces; "*" matches any one label. */
  readonly namespace: readonly string[];
  /** Paths of the texts to embed; `false` embeds nothing. Absent: the rule does not change them. */
  readonly fields?: false | readonly string[] | undefined;
}

/** The configured index rules. */
export class IndexRules {
  readonly #default: readonly TextPath[];
  readonly #rules: readonly { readonly pattern: readonly string[]; readonly paths: readonly TextPath[] }[];

  constructor(fields: readonly string[] = [WHOLE_VALUE], rules: readonly IndexRule[] = []) {
    this.#default = parsePaths(fields);
    this.#rules = rules.flatMap(({ namespace, fields: own }) => (own === undefined ? [] : [{ pattern: namespace, paths: parsePaths(own) }]));
  }

  /** Returns the distinct texts of a value; empty when the value is not indexed. */
  textsOf(value: Value, namespace: string, index: IndexOverride): string[] {
    return [...this.collect(value, namespace, index).texts];
  }

  /** As {@link textsOf}, with the excess over the limits: a put with excess is refused; of a stored value, the first texts count. */
  collect(value: Value, namespace: string, index: IndexOverride): Texts {
    return textsAt(value, this.#pathsFor(namespace, index));
  }

  #pathsFor(namespace: string, index: IndexOverride): readonly TextPath[] {
    if (index !== undefined) return parsePaths(index);
    if (this.#rules.length === 0) return this.#default;
    const labels = toLabels(namespace);
    return this.#rules.find(({ pattern }) => matchesPattern(labels, pattern, "prefix"))?.paths ?? this.#default;
  }
}

function parsePaths(fields: false | readonly string[]): readonly TextPath[] {
  return fields === false ? [] : [...new Set(fields)].map(parseTextPath);
}
