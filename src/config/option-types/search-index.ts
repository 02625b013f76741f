// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { EmbeddingsLike } from "../../ports/embedder.ts";
import type { IndexRankingOptions } from "./index-ranking.ts";

/** Semantic search. Without it, searches list and filter. */
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
   * Paths of the texts to embed; "$" is the entire value, [] nothing. A change applies to new writes; on servers, reindex applies it to all items (`index.next.fields`).
   *
   * @default ["$"]
   * @example ["text"]
   */
  fields?: string[] | undefined;
  /**
   * Fields and modes by namespace; the first matching rule that has one overrides `fields` or `mode`. A change of fields applies to new writes.
   *
   * @default []
   * @example [{"namespace":["logs"],"fields":false}]
   */
  rules?: IndexRuleOptions[] | undefined;
  /**
   * How the similarity of vectors is measured, and so what `score` and `minScore` of semantic searches are: "cosine" (-1 to 1), "dot" (the dot product, without bounds), or "euclid" (1 / (1 + distance), 0 to 1). Higher is always better. Use the metric that the model was trained for.
   *
   * @default "cosine"
   * @example "dot"
   */
  metric?: "cosine" | "dot" | "euclid" | undefined;
  /** Which scalars of a value Qdrant keeps, in clear, to apply filters: "all" (the default without a codec), "none" (the default with one), or those at or below these paths. Filters are right either way; those on other paths are applied to the records that were read. */
  payload?: string[] | "all" | "none" | undefined;
  /**
   * Terms of the texts for keyword and hybrid search, stored readable beside the vectors. false stores none, and is the default with a codec. Default without a codec: English.
   *
   * @example {"language":"german"}
   */
  keyword?: false | { language?: "none" | "arabic" | "armenian" | "bulgarian" | "danish" | "dutch" | "english" | "finnish" | "french" | "german" | "greek" | "hindi" | "hungarian" | "indonesian" | "irish" | "italian" | "lithuanian" | "nepali" | "norwegian" | "portuguese" | "romanian" | "russian" | "serbian" | "spanish" | "swedish" | "tamil" | "turkish" | "ukrainian" | undefined; } | undefined;
  /**
   * How searches with a query rank: by similarity ("semantic"), by words in common ("keyword"), or by both ("hybrid"). See docs/retrieval.md.
   *
   * @default "semantic"
   * @example "hybrid"
   */
  mode?: "semantic" | "keyword" | "hybrid" | undefined;
  /** How hybrid search fuses similarity and keywords. */
  fusion?: IndexFusionOptions | undefined;
  /** Ranks the results of every mode again. Views and calls override each option; false turns one off. See docs/retrieval.md. */
  ranking?: IndexRankingOptions | undefined;
  /** The index that `reindex` builds beside the active one. Set it in every process before the reindex: they write both, and change to this one at the switch. Afterwards, make it the `index`. On servers only. See docs/operations.md. */
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
   * Share of similarity in the fused score, from 0 to 1. Raise it when the embedding model is better than the default local one.
   *
   * @default 0.3
   */
  semanticWeight?: number | undefined;
  /**
   * Candidates that each ranking contributes; at least as many as the search's limit. Pages of a hybrid search end there.
   *
   * @default 30
   */
  depth?: number | undefined;
}

/** The index that `reindex` builds beside the active one. Set it in every process before the reindex: they write both, and change to this one at the switch. Afterwards, make it the `index`. On servers only. See docs/operations.md. */
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
   * Distance metric. Default: that of `index.metric`.
   *
   * @example "cosine"
   */
  metric?: "cosine" | "dot" | "euclid" | undefined;
  /**
   * Terms of the texts for keyword and hybrid search, stored readable beside the vectors. false stores none, and is the default with a codec. Default without a codec: English.
   *
   * @example {"language":"german"}
   */
  keyword?: false | { language?: "none" | "arabic" | "armenian" | "bulgarian" | "danish" | "dutch" | "english" | "finnish" | "french" | "german" | "greek" | "hindi" | "hungarian" | "indonesian" | "irish" | "italian" | "lithuanian" | "nepali" | "norwegian" | "portuguese" | "romanian" | "russian" | "serbian" | "spanish" | "swedish" | "tamil" | "turkish" | "ukrainian" | undefined; } | undefined;
}
