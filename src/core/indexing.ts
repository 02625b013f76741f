import type { Embedder } from "../ports/embedder.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import type { IndexRules } from "./index-rules.ts";

/** What makes vectors of values. */
export interface Indexing {
  readonly rules: IndexRules;
  readonly embedder: Embedder;
  readonly vectors: VectorIndex;
}
