/** When CQL itself forgets a record. */
import type { ItemRecord } from "../../model/item.ts";

/**
 * Seconds for which CQL keeps what is deleted or expired: the difference between clocks that is tolerated. Within it, a
 * put by a slow clock still finds the version that it has to go above.
 */
export const GRACE_SECONDS = 3600;

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
