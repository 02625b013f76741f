/**
 * Objects in flight, each in a slot of an array. Not a Map or Set, which would keep alive what it no longer contains: V8 links a table
 * whose entries were deleted to the one that replaces it. Once such a table is in the old generation, every later one, and what was in it,
 * survives all collections of the young generation, which then take ten times as long, until the next full one.
 */
export class Slots<T extends object> {
  readonly #objects: (T | null)[] = [];
  readonly #free: number[] = [];

  /** Number of objects. */
  get size(): number {
    return this.#objects.length - this.#free.length;
  }

  /** Adds an object. Returns its slot, which is reused once it was freed. */
  add(object: T): number {
    const slot = this.#free.pop() ?? this.#objects.length;
    this.#objects[slot] = object;
    return slot;
  }

  /** Returns the object in a slot; null if there is none. */
  at(slot: number): T | null {
    return this.#objects[slot] ?? null;
  }

  /** Removes the object in a slot, if there is one. */
  free(slot: number): void {
    if (this.at(slot) === null) return;
    this.#objects[slot] = null;
    this.#free.push(slot);
  }

  /** Returns the objects, in no particular order. */
  all(): T[] {
    return this.#objects.filter((object) => object !== null);
  }
}
