import { createHash } from "node:crypto";

/** Which scalars of a value a point keeps to apply filters: all, none, or those at or below these dotted paths. */
export type PayloadRule = "all" | "none" | readonly string[];

/** A rule, ready to be asked. */
export class KeptPaths {
  /**
   * Stands in every point that was written under a rule that keeps only some paths, so that it is known what may be
   * missing there; null for the rule that keeps all.
   */
  readonly mark: string | null;
  readonly #paths: readonly string[];

  constructor(rule: PayloadRule = "all") {
    const paths = typeof rule === "string" ? [] : [...new Set(rule)].sort();
    this.#paths = paths;
    this.mark = rule === "all" ? null : createHash("sha256").update(JSON.stringify(paths)).digest("base64url").slice(0, 12);
  }

  /** Whether what stands at a dotted path is kept. */
  covers(path: string): boolean {
    return this.mark === null || this.#paths.some((kept) => isWithin(kept, path));
  }

  /** Whether anything at a dotted path or below it is kept. */
  reaches(path: string): boolean {
    return this.mark === null || this.#paths.some((kept) => isWithin(kept, path) || isWithin(path, kept));
  }
}

/** Whether `path` is `above`, or lies below it. */
function isWithin(above: string, path: string): boolean {
  return path.startsWith(above) && (path.length === above.length || path[above.length] === ".");
}

/** The rule unless configured otherwise. */
export const ALL_PATHS = new KeptPaths("all");
