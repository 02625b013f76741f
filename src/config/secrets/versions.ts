/** The texts of a document around a rotation. */
import type { Secret } from "../../model/secret.ts";
import type { Content } from "./content.ts";

/** For so long after a rotation, the text of before may still be what servers ask for, milliseconds. */
const FORMER_KEPT_MS = 10 * 60_000;

/**
 * The text in force, and around a rotation one more: who keeps a secret and who checks it do not change it at the same
 * instant, and either may be the first.
 */
export class Versions {
  #current: Content | null = null;
  /** The one that was in force before. */
  #former: Content | null = null;
  /** Newer than the one in force, but a server refused it: it does not know it yet. */
  #early: Content | null = null;
  #rotatedAt = -Infinity;

  /** In force; null before the first was read. */
  get current(): Content | null {
    return this.#current;
  }

  /** Takes what was read; returns whether it is new, and so in force from now on in the place of another. */
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

  /** Forgets what was read. */
  clear(): void {
    this.#current = null;
  }

  /** The text of a field in force, if it is not the one that a server refused. */
  unlike(field: string | null, refused: Secret): Secret | null {
    return otherThan(refused, this.#current, field);
  }

  /**
   * Puts another text in force, where a server refused the newest one or the one before.
   *
   * @returns the field's, and whether it is the older one; null where there is none that differs
   */
  turn(field: string | null, refused: Secret): { readonly secret: Secret; readonly isFormer: boolean } | null {
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
