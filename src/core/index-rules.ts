/** Which texts of a value are embedded: the put's own choice, else the first rule for its namespace, else the default. */
import { parseTextPath, textsAt, WHOLE_VALUE, type TextPath, type Texts } from "../model/index-text.ts";
import type { IndexOverride, Value } from "../model/item.ts";
import { matchesPattern, toLabels } from "../model/namespace.ts";

/** Sets how the items of some namespaces are indexed. */
export interface IndexRule {
  /** Leading labels of the namespaces that the rule is for; "*" stands for any one label. */
  readonly namespace: readonly string[];
  /** Paths of the texts to embed; `false` embeds nothing. */
  readonly fields: false | readonly string[];
}

/** The paths in force for a put. */
export class IndexRules {
  readonly #default: readonly TextPath[];
  readonly #rules: readonly { readonly pattern: readonly string[]; readonly paths: readonly TextPath[] }[];

  constructor(fields: readonly string[] = [WHOLE_VALUE], rules: readonly IndexRule[] = []) {
    this.#default = parsePaths(fields);
    this.#rules = rules.map((rule) => ({ pattern: rule.namespace, paths: parsePaths(rule.fields) }));
  }

  /** The distinct texts of `value`, put into `namespace` with `index`; none when it is not to be indexed. */
  textsOf(value: Value, namespace: string, index: IndexOverride): string[] {
    return [...this.collect(value, namespace, index).texts];
  }

  /** The same, and what was too much: what is put is refused then, and of what is stored the first texts count. */
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
