/** When CQL itself forgets a record. */
import type { ItemRecord } from "../../model/item.ts";
import { CLOCK_TOLERANCE_MS } from "../../model/ttl.ts";

/**
 * Seconds for which CQL keeps what is deleted or expired: the difference between clocks that is tolerated. Within it, a
 * put by a slow clock still finds the version that it has to go above.
 */
export const GRACE_SECONDS = CLOCK_TOLERANCE_MS / 1000;

/** The end, in an entry, of an item that has none. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** The longest time to live in CQL, 20 years. */
const LONGEST_SECONDS = 630_720_000;

/** In its default storage mode Cassandra refuses a time to live that ends after this moment (2038-01-19), in seconds. */
const LATEST_END_SECONDS = 2_147_483_646;

/**
 * Seconds for which CQL shall keep a record that is written at `now` (milliseconds); 0 means for ever.
 *
 * An expiry beyond what CQL can express is left to the record itself, which always decides: it is hidden on time, and
 * only its bytes stay.
 */
export function timeToLive(record: ItemRecord, now: number): number {
  if (record.value === null) return GRACE_SECONDS;
  if (record.expiresAt === null) return 0;
  const remaining = Math.max(0, Math.ceil((record.expiresAt - now) / 1000));
  const seconds = remaining + GRACE_SECONDS;
  return seconds > LONGEST_SECONDS || now / 1000 + seconds > LATEST_END_SECONDS ? 0 : seconds;
}

/**
 * The end of a record as its entry tells it, in milliseconds: a listing need not read what has ended. The later one is
 * the greater number, so of two entries of one write time and one time to live CQL keeps the one that hides less.
 */
export function endOf({ value, expiresAt }: ItemRecord): number {
  if (value === null) return 0;
  return expiresAt === null ? NEVER : Math.min(Math.ceil(expiresAt), NEVER);
}
