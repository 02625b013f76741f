import type { Embedder } from "../ports/embedder.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import type { IndexRules } from "./index-rules.ts";

/** What indexing needs: which texts to embed, how, and where vectors are stored. */
export interface Indexing {
  readonly rules: IndexRules;
  readonly embedder: Embedder;
  readonly vectors: VectorIndex;
}
