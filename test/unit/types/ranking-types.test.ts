import { expectTypeOf, test } from "vitest";
import type { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import type { Reranker, SearchOptions, SearchResults, StoreOperations, ViewDefaults, RankingOptions } from "langgraph-store-scylladb";

// Checked by `npm run typecheck`; at run time these are empty.

test("LangChain's document compressors and functions are rerankers", () => {
  expectTypeOf<BaseDocumentCompressor>().toExtend<Reranker>();
  expectTypeOf<(query: string, items: readonly { key: string }[]) => number[]>().toExtend<Reranker>();
  expectTypeOf<(query: string) => string[]>().not.toExtend<Reranker>();
});

test("searches and views take the options of ranking, and results have explanations", () => {
  expectTypeOf<SearchOptions>().toExtend<RankingOptions>();
  expectTypeOf<ViewDefaults>().toExtend<RankingOptions>();
  expectTypeOf<Parameters<StoreOperations["with"]>[0]>().toExtend<RankingOptions>();
  expectTypeOf<NonNullable<SearchResults[number]["explanation"]>["decay"]>().toEqualTypeOf<{ readonly factor: number; readonly rank: number } | null>();
});
