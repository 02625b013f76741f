/** Native TTLs of records in CQL. */
import type { ItemRecord } from "../../model/item.ts";
import { CLOCK_TOLERANCE_MS } from "../../model/ttl.ts";

/**
 * Seconds for which CQL keeps deleted and expired records: the tolerated clock skew. Within it, a put by a slow clock still
 * reads the version that its own must exceed.
 */
export const GRACE_SECONDS = CLOCK_TOLERANCE_MS / 1000;

/** The expiry in an entry of an item without one. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** Longest TTL in CQL, 20 years. */
const LONGEST_SECONDS = 630_720_000;

/** Latest expiry that Cassandra accepts in its default storage mode (2038-01-19), seconds. */
const LATEST_END_SECONDS = 2_147_483_646;

/**
 * Returns the native TTL of a record written at `now` (milliseconds), in seconds; 0 means none.
 *
 * A record whose expiry CQL cannot express has no native TTL: the expiry in the record always decides, so the item is hidden
 * in time and only its bytes remain.
 */
export function timeToLive(record: ItemRecord, now: number): number {
  if (record.value === null) return GRACE_SECONDS;
  if (record.expiresAt === null) return 0;
  const remaining = Math.max(0, Math.ceil((record.expiresAt - now) / 1000));
  const seconds = remaining + GRACE_SECONDS;
  return seconds > LONGEST_SECONDS || now / 1000 + seconds > LATEST_END_SECONDS ? 0 : seconds;
}

/**
 * Returns the expiry that the listing entry of a record has, milliseconds, so that a listing need not read expired records. A later
 * expiry is a greater number, so of two entries with equal timestamps and TTLs CQL keeps the later expiry.
 */
export function entryExpiryOf({ value, expiresAt }: ItemRecord): number {
  if (value === null) return 0;
  return expiresAt === null ? NEVER : Math.min(Math.ceil(expiresAt), NEVER);
}
