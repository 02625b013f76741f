/** Finds the fields of a value at dotted paths, all in one walk over the value. */

/** Whether a value has fields: objects and arrays do; a Date, a Map or bytes do not. */
export function hasFields(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  // Decoded values, without their type as text: a filter tests every record of a listing.
  if (Object.getPrototypeOf(value) === Object.prototype) return true;
  return Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]";
}

/** A node of the tree of paths, after some of their steps. */
interface Place {
  readonly depth: number;
  readonly next: Map<string, Place>;
  /** Position of the path that ends here; -1 without one. */
  path: number;
  /** Number of descendants. */
  below: number;
  /** The keys that lead from here to descendants, longest first; created lazily. */
  keys: readonly Key[] | null;
}

interface Key {
  readonly name: string;
  readonly place: Place;
}

/** Up to this number of keys each is looked up in an object; beyond it, the keys of the object are iterated. */
const FEW_KEYS = 8;

/**
 * A set of dotted paths. A literal key with several steps takes precedence over nested objects: at `"a.b"`, the field
 * `{"a.b": 1}` precedes `{"a": {"b": 2}}`. A whole number steps into an array.
 *
 * A walk visits each object of a value once, regardless of the number of paths, so its cost is bounded by the number of
 * fields of the value.
 */
export class FieldPaths {
  readonly #start: Place = newPlace(0);
  /** The result for a value without any of the fields. */
  readonly #missing: undefined[] = [];

  /** Adds a path; returns its position in the result of {@link find}. Equal paths share a position. */
  add(path: string): number {
    const passed: Place[] = [];
    let place = this.#start;
    let added = 0;
    for (const step of path.split(".")) {
      passed.push(place);
      let next = place.next.get(step);
      if (next === undefined) {
        next = newPlace(place.depth + 1);
        place.next.set(step, next);
        for (const before of passed) before.below += 1;
        added += 1;
      }
      place = next;
    }
    if (added > 0) for (const before of passed) before.keys = null;
    if (place.path < 0) {
      place.path = this.#missing.length;
      this.#missing.push(undefined);
    }
    return place.path;
  }

  /** Returns the field at each path; undefined for a missing one. A field with the value `undefined` counts as missing. */
  find(value: unknown): unknown[] {
    const found: unknown[] = this.#missing.slice();
    descend(value, this.#start, found);
    return found;
  }
}

function newPlace(depth: number): Place {
  return { depth, next: new Map(), path: -1, below: 0, keys: null };
}

function descend(value: unknown, place: Place, found: unknown[]): void {
  if (!hasFields(value)) return;
  if (Array.isArray(value)) intoArray(value, place, found);
  else if (place.below <= FEW_KEYS) byLookup(value as Record<string, unknown>, place, found);
  else byKeys(value as Record<string, unknown>, place, found);
}

function arriveAt(field: unknown, place: Place, found: unknown[]): void {
  if (field === undefined) return;
  // The first match of a path counts.
  if (place.path >= 0 && found[place.path] === undefined) found[place.path] = field;
  if (place.below > 0) descend(field, place, found);
}

function intoArray(elements: readonly unknown[], place: Place, found: unknown[]): void {
  if (place.next.size <= elements.length) {
    for (const [step, next] of place.next) {
      if (isIndex(step) && Object.hasOwn(elements, step)) arriveAt(elements[Number(step)], next, found);
    }
    return;
  }
  elements.forEach((element, i) => {
    const next = place.next.get(String(i));
    if (next !== undefined) arriveAt(element, next, found);
  });
}

function byLookup(fields: Record<string, unknown>, place: Place, found: unknown[]): void {
  place.keys ??= keysFrom(place, "").sort((a, b) => b.place.depth - a.place.depth);
  for (const { name, place: next } of place.keys) if (Object.hasOwn(fields, name)) arriveAt(fields[name], next, found);
}

function keysFrom(place: Place, before: string): Key[] {
  return [...place.next].flatMap(([step, next]) => {
    const name = before + step;
    return [{ name, place: next }, ...keysFrom(next, `${name}.`)];
  });
}

function byKeys(fields: Record<string, unknown>, place: Place, found: unknown[]): void {
  const byDepth: { name: string; next: Place }[][] = [];
  for (const name of Object.keys(fields)) {
    const next = follow(place, name);
    if (next !== null) (byDepth[next.depth] ??= []).push({ name, next });
  }
  for (const same of byDepth.reverse()) {
    if (same !== undefined) for (const { name, next } of same) arriveAt(fields[name], next, found);
  }
}

/** Returns the node that a key with any number of steps leads to; null when no path leads there. */
function follow(from: Place, name: string): Place | null {
  let place: Place | undefined = from;
  for (let start = 0; place !== undefined; ) {
    const end = name.indexOf(".", start);
    if (end < 0) return place.next.get(start === 0 ? name : name.slice(start)) ?? null;
    place = place.next.get(name.slice(start, end));
    start = end + 1;
  }
  return null;
}

function isIndex(step: string): boolean {
  return /^(0|[1-9]\d*)$/.test(step);
}
