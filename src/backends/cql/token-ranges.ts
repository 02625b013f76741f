/** Ranges of the token ring. */

/** Bounds of the tokens of the Murmur3 partitioner; no partition has the lowest one. */
export const LOWEST_TOKEN = -(2n ** 63n);
export const GREATEST_TOKEN = 2n ** 63n - 1n;
const TOKENS = 2n ** 64n;

/**
 * Returns the end of the range that contains or begins at a token, for ranges of equal width.
 *
 * @param count - number of ranges, a power of two
 */
export function rangeEnd(token: bigint, count: number): bigint {
  const width = TOKENS / BigInt(count);
  const end = LOWEST_TOKEN + ((token - LOWEST_TOKEN) / width + 1n) * width;
  return end > GREATEST_TOKEN ? GREATEST_TOKEN : end;
}

/** Returns the share of the ring up to a token, from 0 to 1. */
export function shareUpTo(token: bigint): number {
  return token === GREATEST_TOKEN ? 1 : Number(((token - LOWEST_TOKEN) * 1_000_000n) / TOKENS) / 1_000_000;
}
