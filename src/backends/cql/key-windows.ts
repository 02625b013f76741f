/**
 * Windows of keys, for reading a partition of records with more tombstones than one read may pass. Keys are ordered by their
 * UTF-8 bytes, which is the order of their code points.
 */

/** Progress of reading a partition. */
export interface KeyPlace {
  /** The last key that was read; null at the start. */
  readonly after: string | null;
  /** Ends of the remaining windows, the next one last; empty while the rest is read at once. */
  readonly ends: readonly string[];
}

export const FIRST_KEY: KeyPlace = { after: null, ends: [] };

/** Most remaining windows. */
const MOST_WINDOWS = 10_000;

/** Number of halvings after an abort: an abort costs as much as a hundred empty windows. */
const HALVINGS = 3;

/** Splits the next window after an aborted read; null when it cannot be split. */
export function splitWindow({ after, ends }: KeyPlace): KeyPlace | null {
  const inner = keysBetween(after ?? "", ends.at(-1) ?? null, HALVINGS);
  return inner.length === 0 || ends.length > MOST_WINDOWS ? null : { after, ends: [...ends, ...inner.reverse()] };
}

function keysBetween(after: string, end: string | null, halvings: number): string[] {
  const middle = halvings === 0 ? null : keyBetween(after, end);
  if (middle === null) return [];
  return [...keysBetween(after, middle, halvings - 1), middle, ...keysBetween(middle, end, halvings - 1)];
}

/** Continues after the next window, which was read to its end; null after the last one. */
export function afterWindow({ ends }: KeyPlace): KeyPlace | null {
  const end = ends.at(-1);
  return end === undefined ? null : { after: end, ends: ends.slice(0, -1) };
}

const LAST_CODE_POINT = 0x10ffff;
/** Most keys are made of these. */
const PRINTABLE = { first: 0x20, last: 0x7e };
const SURROGATES = { first: 0xd800, last: 0xdfff };

/**
 * Returns a key between `after` and `end` (null for no end), approximately in the middle of all possible keys; null when there
 * is none.
 */
export function keyBetween(after: string, end: string | null): string | null {
  const low = codePoints(after);
  const high = end === null ? null : codePoints(end);
  let shared = 0;
  while (high !== null && shared < low.length && low[shared] === high[shared]) shared += 1;
  const prefix = low.slice(0, shared);
  const from = low[shared] ?? -1;
  const to = high === null ? LAST_CODE_POINT + 1 : (high[shared] ?? -1);
  const middle = middleOf(from, to);
  if (middle !== null) return text([...prefix, middle]);
  // A key in between begins with the code point of the end, or with that of `after`.
  if (high !== null && high.length > shared + 1) return text([...prefix, to]);
  if (from === -1) return null;
  const rest = keyBetween(text(low.slice(shared + 1)), null);
  return rest === null ? null : text([...prefix, from]) + rest;
}

/** The middle code point between two, printable if possible; null when there is none. */
function middleOf(from: number, to: number): number | null {
  const [first, last] = [Math.max(from + 1, PRINTABLE.first), Math.min(to - 1, PRINTABLE.last)];
  if (first <= last) return (first + last) >> 1;
  if (to - from < 2) return null;
  const middle = (from + to) >> 1;
  if (middle < SURROGATES.first || middle > SURROGATES.last) return middle;
  if (to > SURROGATES.last + 1) return SURROGATES.last + 1;
  return from < SURROGATES.first - 1 ? SURROGATES.first - 1 : null;
}

function codePoints(key: string): number[] {
  return Array.from(key, (character) => character.codePointAt(0) ?? 0);
}

function text(points: readonly number[]): string {
  return points.map((point) => String.fromCodePoint(point)).join("");
}
