/** Lifetimes of items. Times to live are in minutes, as on LangGraph Platform; an absolute expiry is a `Date`. */
import { kindOf, ValidationError } from "./errors.ts";
import { isDate } from "./realms.ts";

/** The lifetime that a put requests. */
export type Lifetime =
  /** Determined by the view, the rules or the default. */
  | { readonly kind: "unspecified" }
  | { readonly kind: "forever" }
  /** Expires this many milliseconds after the last write, or after the last read that refreshes it. */
  | { readonly kind: "for"; readonly ms: number }
  /** Expires at this time, milliseconds since the epoch; reads do not change it. */
  | { readonly kind: "until"; readonly at: number };

export const UNSPECIFIED: Lifetime = { kind: "unspecified" };

const MS_PER_MINUTE = 60_000;

/**
 * Tolerated clock skew, milliseconds. Deleted and expired records are kept for this time, so that a put by a slow clock still
 * reads the version that its own must exceed.
 */
export const CLOCK_TOLERANCE_MS = 60 * MS_PER_MINUTE;

/**
 * Time after its expiry for which an item keeps its vectors, milliseconds: a read just before the expiry may refresh the item
 * just after it, and the item would otherwise have no vectors. Equals the default deadline of a read.
 */
export const RENEWAL_LAG_MS = 10_000;

/** The latest time that a `Date` can represent. */
const END_OF_TIME = 8.64e15;

/**
 * Parses the lifetime of a put.
 *
 * @param ttl - minutes; null for no expiry; undefined for the configuration
 * @param expiresAt - an absolute expiry instead
 * @throws {ValidationError} naming what is wrong.
 */
export function parseLifetime(ttl: unknown, expiresAt: unknown, now: number): Lifetime {
  if (expiresAt !== undefined && expiresAt !== null) {
    if (ttl !== undefined) throw new ValidationError("ttl and expiresAt are both set: set only one of them.");
    if (!isDate(expiresAt) || Number.isNaN(expiresAt.getTime())) {
      throw new ValidationError(`expiresAt must be a valid Date, but got ${kindOf(expiresAt)}.`);
    }
    if (expiresAt.getTime() <= now) throw new ValidationError("expiresAt is in the past: the item would never be visible.");
    return { kind: "until", at: expiresAt.getTime() };
  }
  if (ttl === undefined) return UNSPECIFIED;
  return ttl === null ? { kind: "forever" } : { kind: "for", ms: parseMinutes(ttl, now) };
}

/** Returns milliseconds of a time to live in minutes; `name` is that of the option or field. */
export function parseMinutes(ttl: unknown, now: number, name = "ttl"): number {
  if (typeof ttl !== "number" || !Number.isFinite(ttl) || ttl <= 0) {
    const given = typeof ttl === "number" ? String(ttl) : kindOf(ttl);
    throw new ValidationError(`${name} must be a number of minutes above 0, or null for no expiry, but got ${given}.`);
  }
  const ms = Math.ceil(ttl * MS_PER_MINUTE);
  if (now + ms > END_OF_TIME) throw new ValidationError(`${name} of ${ttl} minutes ends after the last possible date.`);
  return ms;
}
