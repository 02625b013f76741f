import { createHash } from "node:crypto";

/** Which scalars of a value are stored in the payload, for filters: all, none, or those at or below these dotted paths. */
export type PayloadRule = "all" | "none" | readonly string[];

/** Evaluates a rule. */
export class KeptPaths {
  /**
   * Identifies the rule in every point written under it, so that a search knows which terms may be missing in a point; null for
   * the rule that stores all.
   */
  readonly mark: string | null;
  readonly #paths: readonly string[];

  constructor(rule: PayloadRule = "all") {
    const paths = typeof rule === "string" ? [] : [...new Set(rule)].sort();
    this.#paths = paths;
    this.mark = rule === "all" ? null : createHash("sha256").update(JSON.stringify(paths)).digest("base64url").slice(0, 12);
  }

  /** Returns whether the scalar at a dotted path is stored. */
  covers(path: string): boolean {
    return this.mark === null || this.#paths.some((kept) => isWithin(kept, path));
  }

  /** Returns whether any scalar at or below a dotted path is stored. */
  reaches(path: string): boolean {
    return this.mark === null || this.#paths.some((kept) => isWithin(kept, path) || isWithin(path, kept));
  }
}

/** Returns whether `path` equals `above` or lies below it. */
function isWithin(above: string, path: string): boolean {
  return path.startsWith(above) && (path.length === above.length || path[above.length] === ".");
}

/** The default rule. */
export const ALL_PATHS = new KeptPaths("all");
