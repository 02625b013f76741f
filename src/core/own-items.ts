/** Hints on which prefixes are namespaces that hold items, and not only above namespaces that do. */
import { Hints } from "../concurrency/hints.ts";
import type { ListPage } from "../ports/item-repository.ts";

/** Most prefixes that are remembered. */
const MAX_PREFIXES = 10_000;

/** Whether prefixes hold items of their own. */
export class OwnItems {
  readonly #held = new Hints<boolean>({ max: MAX_PREFIXES });

  /** Returns whether the prefix held items when last read; undefined when never read. */
  at(prefix: string): boolean | undefined {
    return this.#held.get(prefix);
  }

  /** Records what a page of a prefix's own items shows. An empty page proves that there are none only if it is the only page. */
  record(prefix: string, { records, nonMatching, next }: ListPage, isFirst: boolean): void {
    if (records.length > 0 || (nonMatching ?? []).some((run) => run !== null)) this.#held.record(prefix, true);
    else if (isFirst && next === null) this.#held.record(prefix, false);
  }
}
