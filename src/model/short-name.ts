import { hash } from "node:crypto";

/** Longest name that is not hashed. A hash is longer, so it never equals a name. */
const LONGEST = 64;

/**
 * Returns the key of a name in caches: the name itself, or the hash of a long one. Names of callers may have tens of
 * kilobytes, which a cache bounded by its number of entries would hold.
 */
export function shortName(name: string): string {
  return name.length <= LONGEST ? name : `#${hash("sha256", name, "hex")}`;
}
