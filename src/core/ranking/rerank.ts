/** Calls a reranker within its deadline. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { isStoreError, kindOf, messageOf } from "../../model/errors.ts";
import { toSearchItem } from "../../model/item.ts";
import type { DocumentCompressor, RerankDocument, RerankFunction, Reranker } from "../../model/ranking-options.ts";
import type { Value } from "../../model/item.ts";
import type { Found, SkippedStep } from "../found.ts";

/** A hit with its decoded value. */
export type ValuedFound = Found & { readonly value: Value };

/** What a reranker is given. */
export interface RerankInput {
  readonly query: string;
  readonly hits: readonly ValuedFound[];
  /** Number of labels of the view's root, which items do not show. */
  readonly depth: number;
  /** Returns the text of a hit for document compressors. */
  readonly textOf: (hit: ValuedFound) => string;
}

/** Scores by the position of the hit; null for one that a compressor left out. Or why there are none. */
export type RerankOutcome = { readonly scores: readonly (number | null)[] } | { readonly skipped: SkippedStep };

/** Returns the scores of a reranker; a failure, an invalid answer and an exceeded deadline skip the step. */
export async function rerankScores(reranker: Reranker, input: RerankInput, deadline: Deadline): Promise<RerankOutcome> {
  const aborter = new AbortController();
  try {
    const task = typeof reranker === "function" ? byFunction(reranker, input, aborter.signal) : byCompressor(reranker, input);
    return { scores: await deadline.wait("Reranking", task) };
  } catch (error) {
    if (isStoreError(error) && error.code === "ABORTED") throw error;
    const isTimeout = deadline.isOver;
    return { skipped: { step: "rerank", reason: isTimeout ? "timeout" : "failed", cause: messageOf(error) } };
  } finally {
    aborter.abort();
  }
}

async function byFunction(rerank: RerankFunction, { query, hits, depth }: RerankInput, signal: AbortSignal): Promise<number[]> {
  const items = hits.map(({ record, value, score }) => toSearchItem(record, depth, value, score));
  const scores: unknown = await rerank(query, items, { signal });
  if (!Array.isArray(scores)) throw new TypeError(`rerank must return a list of scores, but returned ${kindOf(scores)}.`);
  if (scores.length !== hits.length) throw new TypeError(`rerank must return a score for each of ${hits.length} items, but returned ${scores.length}.`);
  return scores.map((score: unknown, i) => {
    if (typeof score === "number" && Number.isFinite(score)) return score;
    throw new TypeError(`rerank must return finite numbers, but returned ${kindOf(score)} at position ${i}.`);
  });
}

/** Name of the metadata that links a returned document to its hit: compressors may return copies. */
const POSITION = "position";

async function byCompressor(compressor: DocumentCompressor, { query, hits, depth, textOf }: RerankInput): Promise<(number | null)[]> {
  const documents = hits.map((hit, i): RerankDocument => {
    const { namespace, key, createdAt, updatedAt } = toSearchItem(hit.record, depth, hit.value, hit.score);
    return { pageContent: textOf(hit), metadata: { namespace, key, createdAt, updatedAt, [POSITION]: i } };
  });
  const returned: unknown = await compressor.compressDocuments(documents, query);
  if (!Array.isArray(returned)) throw new TypeError(`The document compressor must return a list of documents, but returned ${kindOf(returned)}.`);
  const scores = hits.map((): number | null => null);
  const relevances = returned.map((document: Partial<RerankDocument> | null) => document?.metadata?.["relevanceScore"]);
  const isScored = relevances.every((relevance) => typeof relevance === "number" && Number.isFinite(relevance));
  for (const [i, document] of (returned as (Partial<RerankDocument> | null)[]).entries()) {
    const position = document?.metadata?.[POSITION];
    if (typeof position !== "number" || !(position in scores)) {
      throw new TypeError(`The document compressor must keep the metadata of documents, but ${JSON.stringify(POSITION)} is missing.`);
    }
    // Without scores, the order of the documents ranks.
    scores[position] = isScored ? (relevances[i] as number) : (returned.length - i) / returned.length;
  }
  return scores;
}
