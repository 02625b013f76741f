// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { EmbeddingsLike } from "../../ports/embedder.ts";
import type { IndexRankingOptions } from "./index-ranking.ts";

/** The index for searches with a query. Without it, searches only list and filter items. */
export interface IndexOptions {
  /**
   * Dimensions of the model's vectors.
   *
   * @example 1536
   */
  dims: number;
  /** A LangChain Embeddings. */
  embeddings: EmbeddingsLike;
  /**
   * Name of the model; by default the name that the embeddings object reports.
   *
   * @example "text-embedding-3-small"
   */
  model?: string | undefined;
  /**
   * Paths of the texts to embed; "$" embeds the entire value, [] embeds nothing. A change applies to new writes; reindex applies it to all items (`index.next.fields`).
   *
   * @default ["$"]
   * @example ["text"]
   */
  fields?: string[] | undefined;
  /**
   * Fields and modes by namespace. The first matching rule with `fields` overrides `fields`, and the first one with `mode` overrides `mode`. A change of fields applies to new writes; reindex applies it to all items (`index.next.rules`).
   *
   * @default []
   * @example [{"namespace":["logs"],"fields":false}]
   */
  rules?: IndexRuleOptions[] | undefined;
  /**
   * Measure of similarity, which defines `score` and `minScore` of semantic searches: "cosine" (-1 to 1), "dot" (the dot product, without bounds), or "euclid" (1 / (1 + distance), 0 to 1). Higher is always better. Use the metric that the model was trained for.
   *
   * @default "cosine"
   * @example "dot"
   */
  metric?: "cosine" | "dot" | "euclid" | undefined;
  /** Which scalars of a value Qdrant stores, in clear text, to apply filters: "all" (the default without a codec), "none" (the default with a codec), or those at or below these paths. Results are the same with every setting: filters on other paths are applied to the records that a search reads. */
  payload?: string[] | "all" | "none" | undefined;
  /**
   * Terms of the texts for keyword and hybrid search, stored in clear text beside the vectors. false stores no terms, and is the default with a codec. The default without a codec is { language: "english" }.
   *
   * @example {"language":"german"}
   */
  keyword?: false | { language?: "none" | "arabic" | "armenian" | "bulgarian" | "danish" | "dutch" | "english" | "finnish" | "french" | "german" | "greek" | "hindi" | "hungarian" | "indonesian" | "irish" | "italian" | "lithuanian" | "nepali" | "norwegian" | "portuguese" | "romanian" | "russian" | "serbian" | "spanish" | "swedish" | "tamil" | "turkish" | "ukrainian" | undefined; } | undefined;
  /**
   * How searches with a query rank: by similarity ("semantic"), by the words that query and item share ("keyword"), or by both ("hybrid"). See docs/retrieval.md.
   *
   * @default "semantic"
   * @example "hybrid"
   */
  mode?: "semantic" | "keyword" | "hybrid" | undefined;
  /** How hybrid search fuses similarity and keywords. */
  fusion?: IndexFusionOptions | undefined;
  /** Ranks the results of every mode again. Views and calls override each option; false turns one off. See docs/retrieval.md. */
  ranking?: IndexRankingOptions | undefined;
  /** The index that `reindex` builds beside the active one. Set it in every process before the reindex: the processes then write both indexes, and search the next one after the switch. Afterwards, configure it as the `index`. See docs/operations.md. */
  next?: IndexNextOptions | undefined;
}

/** One of `index.rules`. */
export interface IndexRuleOptions {
  /**
   * Leading labels of the namespaces that the rule applies to; "*" matches any one label.
   *
   * @example ["users"]
   */
  namespace: string[];
  /** Paths of the texts to embed; false embeds nothing. */
  fields?: false | string[] | undefined;
  /** How searches with a query below these namespaces rank. */
  mode?: "semantic" | "keyword" | "hybrid" | undefined;
}

/** How hybrid search fuses similarity and keywords. */
export interface IndexFusionOptions {
  /**
   * How scores of the two rankings are made comparable: by mean and standard deviation ("distribution"), by lowest and highest score ("range"), or by position alone ("rank").
   *
   * @default "distribution"
   */
  method?: "distribution" | "range" | "rank" | undefined;
  /**
   * Weight of the similarity in the fused score, from 0 to 1; keywords have the rest. Raise it when the embedding model is better than the local embedder.
   *
   * @default 0.3
   */
  semanticWeight?: number | undefined;
  /**
   * Number of candidates from each ranking; at least the search's limit. Pages of a hybrid search end with these candidates.
   *
   * @default 20
   */
  depth?: number | undefined;
}

/** One of `index.next.rules`. */
export interface IndexNextRuleOptions {
  /**
   * Leading labels of the namespaces that the rule applies to; "*" matches any one label.
   *
   * @example ["users"]
   */
  namespace: string[];
  /** Paths of the texts to embed; false embeds nothing. */
  fields: false | string[];
}

/** The index that `reindex` builds beside the active one. Set it in every process before the reindex: the processes then write both indexes, and search the next one after the switch. Afterwards, configure it as the `index`. See docs/operations.md. */
export interface IndexNextOptions {
  /**
   * Dimensions of the vectors of the next model.
   *
   * @example 1024
   */
  dims: number;
  /** A LangChain Embeddings of the next model. */
  embeddings: EmbeddingsLike;
  /**
   * Name of the next model; by default the name that the embeddings object reports.
   *
   * @example "text-embedding-3-large"
   */
  model?: string | undefined;
  /**
   * Paths of the texts to embed. Default: those of `index.fields`.
   *
   * @example ["text"]
   */
  fields?: string[] | undefined;
  /**
   * Fields by namespace; the first matching rule overrides `fields`. Default: those of `index.rules`.
   *
   * @example [{"namespace":["logs"],"fields":false}]
   */
  rules?: IndexNextRuleOptions[] | undefined;
  /**
   * Distance metric. Default: that of `index.metric`.
   *
   * @example "cosine"
   */
  metric?: "cosine" | "dot" | "euclid" | undefined;
  /**
   * Terms of the texts for keyword and hybrid search, stored in clear text beside the vectors. false stores no terms, and is the default with a codec. The default without a codec is { language: "english" }.
   *
   * @example {"language":"german"}
   */
  keyword?: false | { language?: "none" | "arabic" | "armenian" | "bulgarian" | "danish" | "dutch" | "english" | "finnish" | "french" | "german" | "greek" | "hindi" | "hungarian" | "indonesian" | "irish" | "italian" | "lithuanian" | "nepali" | "norwegian" | "portuguese" | "romanian" | "russian" | "serbian" | "spanish" | "swedish" | "tamil" | "turkish" | "ukrainian" | undefined; } | undefined;
}
