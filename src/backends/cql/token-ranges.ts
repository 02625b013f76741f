/** The ring of tokens, cut in ranges. */

/** The least token of the Murmur3 partitioner, which no partition has, and the greatest. */
export const LOWEST_TOKEN = -(2n ** 63n);
export const GREATEST_TOKEN = 2n ** 63n - 1n;
const TOKENS = 2n ** 64n;

/**
 * The end of the range that begins at a token or that it lies in, of the ring cut in ranges of one width.
 *
 * @param count - number of ranges, a power of two
 */
export function rangeEnd(token: bigint, count: number): bigint {
  const width = TOKENS / BigInt(count);
  const end = LOWEST_TOKEN + ((token - LOWEST_TOKEN) / width + 1n) * width;
  return end > GREATEST_TOKEN ? GREATEST_TOKEN : end;
}

/** The share of the ring that lies up to a token, from 0 to 1. */
export function shareUpTo(token: bigint): number {
  return token === GREATEST_TOKEN ? 1 : Number(((token - LOWEST_TOKEN) * 1_000_000n) / TOKENS) / 1_000_000;
}
