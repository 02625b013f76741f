// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { EmbeddingsLike } from "../../ports/embedder.ts";

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
   * Paths of the texts to embed; "$" is the entire value, [] nothing. A change applies to new writes.
   *
   * @default ["$"]
   * @example ["text"]
   */
  fields?: string[] | undefined;
  /**
   * Fields by namespace; the first matching rule overrides `fields`. A change applies to new writes.
   *
   * @default []
   * @example [{"namespace":["logs"],"fields":false}]
   */
  rules?: IndexRuleOptions[] | undefined;
  /** Which scalars of a value Qdrant keeps, in clear, to apply filters: "all" (the default without a codec), "none" (the default with one), or those at or below these paths. Filters are right either way; those on other paths are applied to the records that were read. */
  payload?: string[] | "all" | "none" | undefined;
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
  fields: false | string[];
}
