/** The versions of a document around a rotation. */
import type { Secret } from "../../model/secret.ts";
import type { Content } from "./content.ts";

/** Time after a rotation in which servers may still require the previous text, milliseconds. */
const FORMER_KEPT_MS = 10 * 60_000;

/**
 * The active version, and around a rotation one more: the secret store and the server do not change at the same moment,
 * and either may change first.
 */
export class Versions {
  #current: Content | null = null;
  /** The previously active version. */
  #former: Content | null = null;
  /** A newer version that a server rejected because it does not know it yet. */
  #early: Content | null = null;
  #rotatedAt = -Infinity;

  /** The active version; null before the first read. */
  get current(): Content | null {
    return this.#current;
  }

  /** Accepts a version that was read; returns whether it replaces another as the active one. */
  take(content: Content): boolean {
    if (this.#current === null) {
      this.#current = content;
      return false;
    }
    if (content.equals(this.#current) || (this.#early?.equals(content) ?? false)) return false;
    [this.#former, this.#current, this.#early] = [this.#current, content, null];
    this.#rotatedAt = performance.now();
    return true;
  }

  /** Discards the active version. */
  clear(): void {
    this.#current = null;
  }

  /** The active text of a field, unless it is the one that a server rejected. */
  unlike(field: string | null, refused: Secret): Secret | null {
    return otherThan(refused, this.#current, field);
  }

  /**
   * Activates another version after a server rejected a text.
   *
   * @returns the text of the field, and whether it is the previous version; null when no version differs
   */
  switchFrom(field: string | null, refused: Secret): { readonly secret: Secret; readonly isFormer: boolean } | null {
    const early = otherThan(refused, this.#early, field);
    if (early !== null) {
      [this.#former, this.#current, this.#early] = [this.#current, this.#early, null];
      return { secret: early, isFormer: false };
    }
    if (performance.now() - this.#rotatedAt > FORMER_KEPT_MS) this.#former = null;
    const former = otherThan(refused, this.#former, field);
    if (former === null) return null;
    [this.#early, this.#current, this.#former] = [this.#current, this.#former, null];
    return { secret: former, isFormer: true };
  }
}

function otherThan(refused: Secret, content: Content | null, field: string | null): Secret | null {
  const secret = content?.field(field) ?? null;
  return secret === null || secret.equals(refused) ? null : secret;
}
