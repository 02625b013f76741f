/** Finds the fields of a value that lie at dotted paths, all of them in one walk over the value. */

/** Objects and arrays have fields; a Date, a Map or bytes are values as a whole. */
export function hasFields(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]";
}

/** A place on paths: after some of their steps. */
interface Place {
  readonly depth: number;
  readonly next: Map<string, Place>;
  /** Position of the path that ends here; -1 where none does. */
  path: number;
  /** Places further on. */
  below: number;
  /** The keys that lead from here to places further on, longest first; made when they are first needed. */
  keys: readonly Key[] | null;
}

interface Key {
  readonly name: string;
  readonly place: Place;
}

/** Where at most so many keys lead on, each is looked up; where more do, the keys that an object has are followed. */
const FEW_KEYS = 8;

/**
 * Dotted paths. A key that literally holds several steps goes before the steps one by one: at `"a.b"`, the field
 * `{"a.b": 1}` goes before `{"a": {"b": 2}}`. A whole number steps into an array.
 *
 * An object in a value is reached by one way only, so that a walk meets it once, whatever the number of paths: the cost of
 * finding them all is bounded by the number of fields of the value.
 */
export class FieldPaths {
  readonly #start: Place = newPlace(0);
  #count = 0;

  /** Adds a path; returns its position among the fields that {@link find} gives. Equal paths have one position. */
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
      place.path = this.#count;
      this.#count += 1;
    }
    return place.path;
  }

  /** The field at each path; undefined where there is none. A field that holds `undefined` counts as missing too. */
  find(value: unknown): unknown[] {
    const found = Array.from({ length: this.#count }, () => undefined as unknown);
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
  // The first way that leads to a field counts.
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

/** The place to which a key with any number of steps leads; null where no path goes. */
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
