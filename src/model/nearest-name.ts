/** Suggests the correct spelling of a misspelled name. */

/** Returns the known name nearest to an unknown one; null when none is near. */
export function nearestOf(name: string, known: readonly string[]): string | null {
  const wanted = plain(name);
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const each of known) {
    const distance = editsBetween(wanted, plain(each));
    const bound = startsLike(wanted, plain(each)) ? Math.ceil(wanted.length / 2) : Math.floor(wanted.length / 4);
    if (distance <= Math.max(1, bound) && (best === null || distance < best.distance)) best = { name: each, distance };
  }
  return best?.name ?? null;
}

/** Whether two names have the same start, as `retries` and `retry`. */
function startsLike(one: string, other: string): boolean {
  const length = Math.max(4, Math.ceil(one.length / 2));
  return one.length >= length && one.slice(0, length) === other.slice(0, length);
}

/** Ignores case, `_` and `-`, which are confused most often: `contact_points`. */
function plain(name: string): string {
  // Bounded, because the cost is quadratic in the length.
  return name.slice(0, 100).toLowerCase().replaceAll(/[_-]/g, "");
}

/** Edit distance: letters to add, remove, replace or swap with their neighbor. */
function editsBetween(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      let edits = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwap) edits = Math.min(edits, (beforeLast[j - 2] ?? 0) + 1);
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}
