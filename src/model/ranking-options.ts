/** Ranking on top of a mode: age, importance, diversity, and a reranker. */
import type { SearchItem } from "@langchain/langgraph-checkpoint";
import { kindOf, ValidationError } from "./errors.ts";
import { nearestOf } from "./nearest-name.ts";

/** Lowers the scores of old items. */
export interface Decay {
  /** Age at which a score counts half, days. */
  halfLifeDays: number;
  /**
   * What the age is counted from: `"updatedAt"` (default), `"createdAt"`, or the dotted path of a date in the value: a `Date`, an ISO 8601 text
   * (in UTC unless it has a zone), or milliseconds since the epoch. An item without a date there counts from its creation.
   */
  field?: string;
}

/** Raises the scores of important items. */
export interface Boost {
  /** Dotted path of a number in the value, such as an importance; `true` counts 1. An item without one is not raised. */
  field: string;
  /** From 0 to 10. A score is multiplied by 1 + weight × number, and by 10 at most. */
  weight: number;
}

/** Prefers results that differ from those before them (maximal marginal relevance over the stored vectors). */
export interface Diversity {
  /** Share of relevance, from 0 to 1; the rest is that of the difference. 1 changes nothing. */
  lambda: number;
}

/** A document for a {@link DocumentCompressor}. */
export interface RerankDocument {
  pageContent: string;
  metadata: Record<string, unknown>;
}

/** A LangChain `BaseDocumentCompressor`, such as `CohereRerank`. */
export interface DocumentCompressor {
  // A method, so that compressors of more specific documents are accepted.
  compressDocuments(documents: RerankDocument[], query: string): Promise<RerankDocument[]>;
}

/** Returns a score for each item, at its position; higher is better. `signal` is aborted when the deadline is exceeded. */
export type RerankFunction = (query: string, items: readonly SearchItem[], options: { readonly signal: AbortSignal }) => readonly number[] | Promise<readonly number[]>;

/** Ranks the best results again. */
export type Reranker = RerankFunction | DocumentCompressor;

/** Options of ranking, for a call or for all calls of a view. `false` turns off what the view or the configuration sets. */
export interface RankingOptions {
  /** Lowers the scores of old items. */
  decay?: Decay | false;
  /** Raises the scores of important items. */
  boost?: Boost | false;
  /** Prefers results that differ from those before them. */
  diversity?: Diversity | false;
  /** Ranks the best results again: a LangChain document compressor, or a function that returns a score for each item. Pass the same one for each page. */
  rerank?: Reranker | false;
  /** Deadline of `rerank`, milliseconds; 2,000 by default. After it, the order before is returned, and `info.skipped` reports that. */
  rerankTimeoutMs?: number;
  /** Best results that are ranked again; at least `limit`. 60 by default. Pages end there. */
  pool?: number;
  /** Whether each result has its `explanation`; false by default. */
  explain?: boolean;
}

/** Checked options; the configuration determines absent ones. */
export type RankingRequest = Readonly<RankingOptions>;

/** Best results that are ranked again: all candidates of a hybrid search at the default depth, and one approximate query of Qdrant. */
export const DEFAULT_POOL = 60;

/** Milliseconds. */
export const DEFAULT_RERANK_TIMEOUT_MS = 2_000;

/** Bounds of the options. */
export const RANKING_BOUNDS = { maxHalfLifeDays: 100_000, maxWeight: 10, maxPool: 1_000, maxRerankTimeoutMs: 600_000 } as const;

/** Names of the options, in their order in messages. */
export const RANKING_NAMES = { decay: true, boost: true, diversity: true, rerank: true, rerankTimeoutMs: true, pool: true, explain: true } as const satisfies Readonly<
  Record<keyof RankingOptions, true>
>;

/**
 * Checks the options of ranking among the fields of an operation; null where there are none.
 *
 * @param defaults - checked options of the view
 * @throws {ValidationError} that names the option and the allowed values.
 */
export function parseRankingOptions(fields: Readonly<Record<string, unknown>>, defaults: RankingRequest | null = null): RankingRequest | null {
  let own: Record<string, unknown> | null = null;
  for (const name of Object.keys(RANKING_NAMES) as (keyof RankingOptions)[]) {
    const given = fields[name];
    if (given === undefined || given === null) continue;
    own ??= { ...defaults };
    own[name] = PARSERS[name](given);
  }
  return own ?? defaults;
}

const PARSERS: { readonly [Name in keyof RankingOptions]-?: (given: unknown) => RankingOptions[Name] } = {
  decay: (given) => {
    if (given === false) return false;
    const { halfLifeDays, field = "updatedAt" } = membersOf(given, "decay", ["halfLifeDays", "field"]);
    const { maxHalfLifeDays } = RANKING_BOUNDS;
    return {
      halfLifeDays: numberOf(halfLifeDays, "decay.halfLifeDays", `a number of days greater than 0, at most ${maxHalfLifeDays}`, (days) => days > 0 && days <= maxHalfLifeDays),
      field: fieldOf(field, "decay.field", '"createdAt", "updatedAt" or the dotted path of a date in the value, such as "date"'),
    };
  },
  boost: (given) => {
    if (given === false) return false;
    const { field, weight } = membersOf(given, "boost", ["field", "weight"]);
    return {
      field: fieldOf(field, "boost.field", 'the dotted path of a number in the value, such as "importance"'),
      weight: within(weight, "boost.weight", RANKING_BOUNDS.maxWeight),
    };
  },
  diversity: (given) => {
    if (given === false) return false;
    const { lambda } = membersOf(given, "diversity", ["lambda"]);
    return { lambda: within(lambda, "diversity.lambda", 1) };
  },
  rerank: (given) => {
    if (given === false || isReranker(given)) return given;
    throw new ValidationError(`rerank must be a LangChain document compressor, a function (query, items) => scores, or false, but got ${kindOf(given)}.`);
  },
  rerankTimeoutMs: (given) => wholeOf(given, "rerankTimeoutMs", RANKING_BOUNDS.maxRerankTimeoutMs),
  pool: (given) => wholeOf(given, "pool", RANKING_BOUNDS.maxPool),
  explain: (given) => {
    if (typeof given === "boolean") return given;
    throw new ValidationError(`explain must be true or false, but got ${kindOf(given)}.`);
  },
};

/** Whether a value is a function or has the method of a document compressor. */
export function isReranker(given: unknown): given is Reranker {
  if (typeof given === "function") return true;
  return typeof given === "object" && given !== null && typeof (given as Partial<DocumentCompressor>).compressDocuments === "function";
}

/** Whether a text is a path without empty steps. */
export function isFieldPath(path: string): boolean {
  return path.length <= 1_024 && path.isWellFormed() && path.split(".").every((step) => step !== "");
}

function membersOf(given: unknown, option: string, names: readonly string[]): Record<string, unknown> {
  const shape = `{ ${names.join(", ")} }`;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new ValidationError(`${option} must be ${shape} or false, but got ${kindOf(given)}.`);
  }
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const near = nearestOf(name, names);
    throw new ValidationError(`${option} has no option ${JSON.stringify(name)}.${near === null ? "" : ` Did you mean ${JSON.stringify(near)}?`} It is ${shape}.`);
  }
  return given as Record<string, unknown>;
}

function within(given: unknown, name: string, most: number): number {
  return numberOf(given, name, `a number from 0 to ${most}`, (number) => number >= 0 && number <= most);
}

function wholeOf(given: unknown, name: string, most: number): number {
  return numberOf(given, name, `a whole number from 1 to ${most}`, (number) => Number.isInteger(number) && number >= 1 && number <= most);
}

function numberOf(given: unknown, name: string, allowed: string, isAllowed: (number: number) => boolean): number {
  if (typeof given === "number" && isAllowed(given)) return given;
  throw new ValidationError(`${name} must be ${allowed}, but got ${typeof given === "number" ? given : kindOf(given)}.`);
}

function fieldOf(given: unknown, name: string, allowed: string): string {
  if (typeof given === "string" && isFieldPath(given)) return given;
  const found = typeof given === "string" ? JSON.stringify(given.slice(0, 40)) : kindOf(given);
  throw new ValidationError(`${name} must be ${allowed}, but got ${found}.`);
}
