/**
 * The values of a history. A value contains its id, its key and its size, so a reader can verify that it is complete
 * without knowing its writer.
 */
import { isDeepStrictEqual } from "node:util";
import { hashOf } from "./random.ts";

/** The value of a write. */
export interface HistoryValue extends Record<string, unknown> {
  /** Unique per write: "<process>.<client>.<number>". */
  readonly id: string;
  /** Labels of its namespace and its key, which identify a value at a wrong key. */
  readonly at: readonly string[];
  readonly text: string;
  readonly tag: number;
  readonly pad: string;
}

/** Number of values of `tag`, by which searches filter. */
export const TAGS = 3;

const COMMON_WORDS = ["green", "tea", "iron", "river", "stone", "paper", "cloud", "salt", "amber", "wheel"] as const;

/** Returns the value of a write. */
export function valueOf(id: string, namespace: readonly string[], key: string, padBytes = 0): HistoryValue {
  return { id, at: [...namespace, key], text: textOf(id), tag: tagOf(id), pad: "x".repeat(padBytes) };
}

/** Returns the embedded text: some common words, and one that no other write has. */
export function textOf(id: string): string {
  const hash = hashOf(id);
  const word = (shift: number): string => COMMON_WORDS[(hash >>> shift) % COMMON_WORDS.length] ?? "";
  return `${word(0)} ${word(8)} ${word(16)} ${uniqueWordOf(id)}`;
}

/** Returns the word that only this write's text has. */
export function uniqueWordOf(id: string): string {
  return `u${id.replaceAll(".", "x")}`;
}

/** Returns a word that many texts have. */
export function commonWord(n: number): string {
  return COMMON_WORDS[n % COMMON_WORDS.length] ?? "";
}

/** Returns the tag by which searches filter the write. */
export function tagOf(id: string): number {
  return hashOf(`tag ${id}`) % TAGS;
}

/** Whether the write has vectors: one in sixteen has none. */
export function isIndexed(id: string): boolean {
  return hashOf(`index ${id}`) % 16 !== 0;
}

/** Returns the id of a value that was read, or null if no client wrote exactly this value at this key. */
export function wholeIdOf(value: Record<string, unknown>, namespace: readonly string[], key: string): string | null {
  const { id, pad } = value;
  if (typeof id !== "string" || typeof pad !== "string") return null;
  return isDeepStrictEqual(value, valueOf(id, namespace, key, pad.length)) ? id : null;
}
