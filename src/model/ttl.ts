/** How long an item lives. Times to live are in minutes, as on LangGraph Platform; an absolute end is a `Date`. */
import { kindOf, ValidationError } from "./errors.ts";

/** When an item ends, as its put asked for it. */
export type Lifetime =
  /** Left to the view, the rules and the default. */
  | { readonly kind: "unspecified" }
  | { readonly kind: "forever" }
  /** So many milliseconds after it was last written or, if asked for, read. */
  | { readonly kind: "for"; readonly ms: number }
  /** At this time, milliseconds since the epoch; reading does not move it. */
  | { readonly kind: "until"; readonly at: number };

export const UNSPECIFIED: Lifetime = { kind: "unspecified" };

const MS_PER_MINUTE = 60_000;

/**
 * How far two clocks may differ, milliseconds. What was deleted or has ended is kept for so long, so that a put by a slow
 * clock still finds the version that it has to go above.
 */
export const CLOCK_TOLERANCE_MS = 60 * MS_PER_MINUTE;

/**
 * How long after its end an item keeps its vectors, milliseconds: a read that met it just before may renew it just after,
 * and it would be back without them. As long as a read may take unless configured otherwise.
 */
export const RENEWAL_LAG_MS = 10_000;

/** The latest time that a `Date` can hold. */
const END_OF_TIME = 8.64e15;

/**
 * Reads the lifetime that a put asks for.
 *
 * @param ttl - minutes; null for no end; undefined for what is configured
 * @param expiresAt - an absolute end instead
 * @throws {ValidationError} naming what is wrong.
 */
export function parseLifetime(ttl: unknown, expiresAt: unknown, now: number): Lifetime {
  if (expiresAt !== undefined && expiresAt !== null) {
    if (ttl !== undefined) throw new ValidationError("ttl and expiresAt were both given: give one of them.");
    if (!(expiresAt instanceof Date) || Number.isNaN(expiresAt.getTime())) {
      throw new ValidationError(`expiresAt must be a valid Date, but got ${kindOf(expiresAt)}.`);
    }
    if (expiresAt.getTime() <= now) throw new ValidationError("expiresAt lies in the past: the item would never be seen.");
    return { kind: "until", at: expiresAt.getTime() };
  }
  if (ttl === undefined) return UNSPECIFIED;
  return ttl === null ? { kind: "forever" } : { kind: "for", ms: parseMinutes(ttl, now) };
}

function parseMinutes(ttl: unknown, now: number): number {
  if (typeof ttl !== "number" || !Number.isFinite(ttl) || ttl <= 0) {
    const given = typeof ttl === "number" ? String(ttl) : kindOf(ttl);
    throw new ValidationError(`ttl must be a number of minutes above 0, or null for no end, but got ${given}.`);
  }
  const ms = Math.ceil(ttl * MS_PER_MINUTE);
  if (now + ms > END_OF_TIME) throw new ValidationError(`ttl of ${ttl} minutes ends after the last possible date.`);
  return ms;
}
