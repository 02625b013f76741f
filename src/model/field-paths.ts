/** Finds the fields of a value at dotted paths, all in one walk over the value. */

/** Whether a value has fields: objects and arrays do; a Date, a Map or bytes do not. */
export function hasFields(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  // Decoded values, without their type as text: a filter tests every record of a listing.
  if (Object.getPrototypeOf(value) === Object.prototype) return true;
  return Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]";
}

/** A node of the tree of paths, after some of their steps. */
interface PathNode {
  readonly depth: number;
  readonly next: Map<string, PathNode>;
  /** Position of the path that ends here; -1 without one. */
  path: number;
  /** Number of descendants. */
  descendants: number;
  /** The keys that lead from here to descendants, longest first; created lazily. */
  keys: readonly Key[] | null;
}

interface Key {
  readonly name: string;
  readonly node: PathNode;
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
  readonly #start: PathNode = newNode(0);
  /** The result for a value without any of the fields. */
  readonly #missing: undefined[] = [];

  /** Adds a path; returns its position in the result of {@link find}. Equal paths share a position. */
  add(path: string): number {
    const passed: PathNode[] = [];
    let node = this.#start;
    let added = 0;
    for (const step of path.split(".")) {
      passed.push(node);
      let next = node.next.get(step);
      if (next === undefined) {
        next = newNode(node.depth + 1);
        node.next.set(step, next);
        for (const ancestor of passed) ancestor.descendants += 1;
        added += 1;
      }
      node = next;
    }
    if (added > 0) for (const ancestor of passed) ancestor.keys = null;
    if (node.path < 0) {
      node.path = this.#missing.length;
      this.#missing.push(undefined);
    }
    return node.path;
  }

  /** Returns the field at each path; undefined for a missing one. A field with the value `undefined` counts as missing. */
  find(value: unknown): unknown[] {
    const found: unknown[] = this.#missing.slice();
    descend(value, this.#start, found);
    return found;
  }
}

function newNode(depth: number): PathNode {
  return { depth, next: new Map(), path: -1, descendants: 0, keys: null };
}

function descend(value: unknown, node: PathNode, found: unknown[]): void {
  if (!hasFields(value)) return;
  if (Array.isArray(value)) descendArray(value, node, found);
  else if (node.descendants <= FEW_KEYS) descendByLookup(value as Record<string, unknown>, node, found);
  else descendByKeys(value as Record<string, unknown>, node, found);
}

function arriveAt(field: unknown, node: PathNode, found: unknown[]): void {
  if (field === undefined) return;
  // The first match of a path counts.
  if (node.path >= 0 && found[node.path] === undefined) found[node.path] = field;
  if (node.descendants > 0) descend(field, node, found);
}

function descendArray(elements: readonly unknown[], node: PathNode, found: unknown[]): void {
  if (node.next.size <= elements.length) {
    for (const [step, next] of node.next) {
      if (isIndex(step) && Object.hasOwn(elements, step)) arriveAt(elements[Number(step)], next, found);
    }
    return;
  }
  elements.forEach((element, i) => {
    const next = node.next.get(String(i));
    if (next !== undefined) arriveAt(element, next, found);
  });
}

function descendByLookup(fields: Record<string, unknown>, node: PathNode, found: unknown[]): void {
  node.keys ??= keysFrom(node, "").sort((a, b) => b.node.depth - a.node.depth);
  for (const { name, node: next } of node.keys) if (Object.hasOwn(fields, name)) arriveAt(fields[name], next, found);
}

function keysFrom(node: PathNode, before: string): Key[] {
  return [...node.next].flatMap(([step, next]) => {
    const name = before + step;
    return [{ name, node: next }, ...keysFrom(next, `${name}.`)];
  });
}

function descendByKeys(fields: Record<string, unknown>, node: PathNode, found: unknown[]): void {
  const byDepth: { name: string; next: PathNode }[][] = [];
  for (const name of Object.keys(fields)) {
    const next = follow(node, name);
    if (next !== null) (byDepth[next.depth] ??= []).push({ name, next });
  }
  for (const same of byDepth.reverse()) {
    if (same !== undefined) for (const { name, next } of same) arriveAt(fields[name], next, found);
  }
}

/** Returns the node that a key with any number of steps leads to; null when no path leads there. */
function follow(from: PathNode, name: string): PathNode | null {
  let node: PathNode | undefined = from;
  for (let start = 0; node !== undefined; ) {
    const end = name.indexOf(".", start);
    if (end < 0) return node.next.get(start === 0 ? name : name.slice(start)) ?? null;
    node = node.next.get(name.slice(start, end));
    start = end + 1;
  }
  return null;
}

function isIndex(step: string): boolean {
  return /^(0|[1-9]\d*)$/.test(step);
}
