/** Calls a reranker within its deadline. */
import { types } from "node:util";
import type { Deadline } from "../../concurrency/deadline.ts";
import { TimeSlice } from "../../concurrency/time-slice.ts";
import { kindOf, messageOf } from "../../model/errors.ts";
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

/** Scores by the position of the hit, null for a hit that a compressor omitted; or why there are no scores. */
export type RerankOutcome = { readonly scores: readonly (number | null)[] } | { readonly skipped: SkippedStep };

/** Returns the scores of a reranker; a failure, an invalid answer and an exceeded deadline skip the step. */
export async function rerankScores(reranker: Reranker, input: RerankInput, deadline: Deadline): Promise<RerankOutcome> {
  const aborter = new AbortController();
  try {
    const task = typeof reranker === "function" ? byFunction(reranker, input, aborter.signal) : byCompressor(reranker, input, deadline);
    return { scores: await deadline.wait("Reranking", task) };
  } catch (error) {
    // A reranker may fail by an abort of its own; only that of the search ends the search.
    if (deadline.isAborted) throw deadline.over("The search");
    const isTimeout = deadline.isOver;
    return { skipped: { step: "rerank", reason: isTimeout ? "timeout" : "failed", cause: messageOf(error) } };
  } finally {
    aborter.abort();
  }
}

async function byFunction(rerank: RerankFunction, { query, hits, depth }: RerankInput, signal: AbortSignal): Promise<number[]> {
  const items = hits.map(({ record, value, score }) => toSearchItem(record, depth, value, score));
  const scores: unknown = await rerank(query, items, { signal });
  if (!isList(scores)) throw new TypeError(`rerank must return a list of scores, but returned ${kindOf(scores)}.`);
  if (scores.length !== hits.length) throw new TypeError(`rerank must return a score for each of ${hits.length} items, but returned ${scores.length}.`);
  // Not map(), which skips holes.
  return Array.from(scores, (score: unknown, i) => {
    if (typeof score === "number" && Number.isFinite(score)) return score;
    throw new TypeError(`rerank must return finite numbers, but returned ${typeof score === "number" ? score : kindOf(score)} at position ${i}.`);
  });
}

/** Models return typed arrays. */
function isList(scores: unknown): scores is ArrayLike<unknown> {
  return Array.isArray(scores) || types.isTypedArray(scores);
}

/** Name of the metadata that links a returned document to its hit: compressors may return copies. */
const POSITION = "position";

/** Returns the documents of hits. Their texts may be long, so building them yields to the event loop and ends at the deadline. */
async function documentsOf({ hits, depth, textOf }: RerankInput, deadline: Deadline): Promise<RerankDocument[]> {
  const documents: RerankDocument[] = [];
  const slice = new TimeSlice();
  for (const [i, hit] of hits.entries()) {
    const turn = slice.turn();
    if (turn !== null) await turn;
    deadline.throwIfOver("Reranking");
    const { namespace, key, createdAt, updatedAt } = toSearchItem(hit.record, depth, hit.value, hit.score);
    documents.push({ pageContent: textOf(hit), metadata: { namespace, key, createdAt, updatedAt, [POSITION]: i } });
  }
  return documents;
}

async function byCompressor(compressor: DocumentCompressor, input: RerankInput, deadline: Deadline): Promise<(number | null)[]> {
  const { query, hits } = input;
  const documents = await documentsOf(input, deadline);
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
    // Without scores, the order of the documents ranks. One that is returned twice counts at its first place.
    scores[position] ??= isScored ? (relevances[i] as number) : (returned.length - i) / returned.length;
  }
  return scores;
}
