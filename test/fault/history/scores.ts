/**
 * Rules for scores: a score belongs to the returned text, and an item without vectors has none. After its put is
 * acknowledged, an item has a score, unless a fault makes vectors unavailable.
 */
import { HashEmbeddings } from "../../../src/testing/embeddings.ts";
import { isNear, placeOf, type AnsweredSearch, type Call, type FaultWindow, type History, type Write } from "./history.ts";
import type { Row } from "./log.ts";
import { isIndexed, textOf } from "./value.ts";
import type { Violation } from "./violation.ts";

/** Parameters of the rules about scores. */
export interface ScoreRules {
  /**
   * Whether a result may have the score of another value of its key, if its vectors were written during the
   * search: Qdrant compares vectors first and reads payloads after that.
   */
  readonly scoresMayLag: boolean;
  /** Time after a vector fault during which items may lack vectors, in milliseconds. */
  readonly recoveryMs: number;
}

/** Tolerance, because scores are computed from 32-bit floats. */
const TOLERANCE = 1e-3;

/** Age of writes that are reported with a call, in milliseconds. */
const NEAR_MS = 200;

/** Cached vectors of texts. */
class Vectors extends HashEmbeddings {
  readonly #known = new Map<string, number[]>();

  cosine(a: string, b: string): number {
    const other = this.#of(b);
    return this.#of(a).reduce((sum, x, i) => sum + x * (other[i] ?? 0), 0);
  }

  #of(text: string): number[] {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const vector = this.vectorOf(text);
    this.#known.set(text, vector);
    return vector;
  }
}

/** Returns a violation if a result has the score of another value of its key. */
interface Lag {
  readonly write: Write;
  readonly violation: Violation & { readonly call: Call };
}

/** Verifies the scores of all results. */
export function checkScores(history: History, rules: ScoreRules): Violation[] {
  const { searches, writes, faults } = history;
  const vectors = new Vectors({ dims: 64 });
  const broken: Violation[] = [];
  const lags: Lag[] = [];
  for (const search of searches) {
    for (const row of search.answer.rows) {
      if (row.id === null) continue;
      const own = writes.get(placeOf(row.namespace, row.key)) ?? [];
      const found = row.score === undefined ? missing(search, row, own, faults, rules) : wrong(search, row, own, vectors);
      if (found !== null && "write" in found) lags.push(found);
      else if (found !== null) broken.push(found);
    }
  }
  const ofOne = Map.groupBy(lags, ({ write }) => write);
  const unexcused = [...ofOne].filter(([write, own]) => !rules.scoresMayLag || !isOneMoment(write, own));
  return [...broken, ...unexcused.flatMap(([, own]) => own.map(({ violation }) => violation))];
}

function missing(
  { call, answer }: AnsweredSearch,
  { id }: Row,
  own: readonly Write[],
  faults: readonly FaultWindow[],
  { recoveryMs }: ScoreRules,
): Violation | null {
  if (answer.mode !== "semantic" || id === null || !isIndexed(id)) return null;
  if (isNear(call, faults.filter(({ hits }) => hits.includes("vectors") || hits.includes("provider")), recoveryMs)) return null;
  if (!own.some((write) => write.id === id && write.isSynced && write.call.end < call.start)) return null;
  const message = `${id} has no score, although its put had been acknowledged`;
  return { rule: "unscored", message, call, around: around(own, id, call) };
}

function wrong(
  { call, operation, answer }: AnsweredSearch,
  row: Row,
  own: readonly Write[],
  vectors: Vectors,
): Violation | Lag | null {
  const { score = Number.NaN } = row;
  const id = row.id ?? "";
  const { query } = operation;
  const violationOf = (message: string) => ({ rule: "score", message, call, around: around(own, id, call) });
  if (query === undefined || answer.degraded || !isIndexed(id)) return violationOf(`${id} has a score of ${score}, and must have none`);
  const isOf = (other: string): boolean => Math.abs(vectors.cosine(query, textOf(other)) - score) <= TOLERANCE;
  if (isOf(id)) return null;
  const violation = violationOf(`${id} has a score of ${score}, but its text has one of ${vectors.cosine(query, textOf(id))}`);
  const write = own.find((each) => each.id === id);
  const isOfAnother = own.some((each) => each.id !== null && isOf(each.id));
  return write !== undefined && isOfAnother ? { write, violation } : violation;
}

/**
 * Whether the vectors of the write may have been written during all of the calls: during its put, or later by the
 * reconciler if the put had failed.
 */
function isOneMoment(write: Write, lags: readonly Lag[]): boolean {
  const calls = lags.map(({ violation }) => violation.call);
  const spans = write.isSynced ? [...calls, write.call] : calls;
  return Math.max(...spans.map(({ start }) => start)) <= Math.min(...spans.map(({ end }) => end));
}

function around(own: readonly Write[], sought: string, { start, end }: Call): Write[] {
  return own.filter(({ id, call }) => id === sought || (call.end > start - NEAR_MS && call.start < end));
}
