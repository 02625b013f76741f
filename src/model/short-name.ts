import { hash } from "node:crypto";

/** Most names are shorter. A hash is longer, so that it is never taken for a name. */
const LONGEST = 64;

/**
 * A text that stands for a name in caches: the name itself, or the hash of one that is long. Names come from callers and may
 * have tens of kilobytes, which a cache that is bounded by its number of entries would keep.
 */
export function shortName(name: string): string {
  return name.length <= LONGEST ? name : `#${hash("sha256", name, "hex")}`;
}
