/**
 * What clients of a history write. A value is told by its id, its place and its size, so that a client that reads it
 * knows whether it is whole without knowing who wrote it.
 */
import { isDeepStrictEqual } from "node:util";
import { hashOf } from "./random.ts";

/** The value of one write. */
export interface HistoryValue extends Record<string, unknown> {
  /** Unique to one write: "<process>.<client>.<number>". */
  readonly id: string;
  /** Labels of its namespace and its key: a value that is found elsewhere shows it. */
  readonly at: readonly string[];
  readonly text: string;
  readonly tag: number;
  readonly pad: string;
}

/** Searches filter by `tag`, which has so many values. */
export const TAGS = 3;

const COMMON_WORDS = ["green", "tea", "iron", "river", "stone", "paper", "cloud", "salt", "amber", "wheel"] as const;

/** Makes the value of a write. */
export function valueOf(id: string, namespace: readonly string[], key: string, padBytes = 0): HistoryValue {
  return { id, at: [...namespace, key], text: textOf(id), tag: tagOf(id), pad: "x".repeat(padBytes) };
}

/** The text that is embedded: some common words, and one that no other write has. */
export function textOf(id: string): string {
  const hash = hashOf(id);
  const word = (shift: number): string => COMMON_WORDS[(hash >>> shift) % COMMON_WORDS.length] ?? "";
  return `${word(0)} ${word(8)} ${word(16)} ${uniqueWordOf(id)}`;
}

/** The word that only this write's text has. */
export function uniqueWordOf(id: string): string {
  return `u${id.replaceAll(".", "x")}`;
}

/** A word that many texts have. */
export function commonWord(n: number): string {
  return COMMON_WORDS[n % COMMON_WORDS.length] ?? "";
}

/** What searches filter the write by. */
export function tagOf(id: string): number {
  return hashOf(`tag ${id}`) % TAGS;
}

/** Whether the write asks for vectors: one in sixteen does not. */
export function isIndexed(id: string): boolean {
  return hashOf(`index ${id}`) % 16 !== 0;
}

/** The id of a value that was read, or null when it is not exactly what some client wrote at this place. */
export function wholeIdOf(value: Record<string, unknown>, namespace: readonly string[], key: string): string | null {
  const { id, pad } = value;
  if (typeof id !== "string" || typeof pad !== "string") return null;
  return isDeepStrictEqual(value, valueOf(id, namespace, key, pad.length)) ? id : null;
}
