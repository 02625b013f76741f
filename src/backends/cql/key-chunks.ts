/** Lists of keys in pieces that a statement accepts. */

/** Most keys of an IN clause that ScyllaDB accepts. */
export const KEYS_PER_READ = 100;

/** Divides a list into pieces of at most `size` elements. */
export function inChunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}
