/** Bytes of a stored term: its number, and its weight in single precision. */
const TERM_BYTES = 4;

/** Terms with their weights, as they are stored: all numbers, then all weights, in the byte order of the machine. */
export function encodeTerms(terms: readonly number[], weights: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * TERM_BYTES * terms.length);
  new Uint32Array(bytes.buffer, 0, terms.length).set(terms);
  new Float32Array(bytes.buffer, TERM_BYTES * terms.length).set(weights);
  return bytes;
}

/** Numbers and weights of stored terms; none where there are none. */
export function decodeTerms(stored: Uint8Array | null): { readonly terms: Uint32Array; readonly weights: Float32Array } {
  // Copied, as the bytes of a row need not be aligned.
  const { buffer } = new Uint8Array(stored ?? []);
  const count = Math.floor(buffer.byteLength / (2 * TERM_BYTES));
  return { terms: new Uint32Array(buffer, 0, count), weights: new Float32Array(buffer, TERM_BYTES * count, count) };
}

/** Slots of the table of a query's terms, which are 64 at most. */
const SLOTS = 1024;

/** A slot without a term, and one of several terms. Terms themselves are not negative. */
const FREE = -1;
const SHARED = -2;

/** A query: how much each of its terms counts. */
export class TermQuery {
  readonly idfs: ReadonlyMap<number, number>;
  /** The only term of each slot, and its idf: most terms of points are excluded, and the others found, without the map. */
  readonly #terms = new Float64Array(SLOTS).fill(FREE);
  readonly #idfs = new Float64Array(SLOTS);

  constructor(idfs: ReadonlyMap<number, number>) {
    this.idfs = idfs;
    for (const [term, idf] of idfs) {
      const slot = term % SLOTS;
      this.#terms[slot] = this.#terms[slot] === FREE ? term : SHARED;
      this.#idfs[slot] = idf;
    }
  }

  /** Returns the idf of a term; 0 if it is not in the query. */
  idf(term: number): number {
    const slot = term % SLOTS;
    const found = this.#terms[slot] as number;
    if (found === term) return this.#idfs[slot] as number;
    return found === SHARED ? (this.idfs.get(term) ?? 0) : 0;
  }
}

/** The terms of points, one point after another in memory. */
export class TermLists {
  /** Points that have terms. */
  count = 0;
  /** The point of each list, and where the list after it begins. */
  #points = new Float64Array(0);
  #ends = new Int32Array(0);
  #terms = new Uint32Array(0);
  #weights = new Float32Array(0);

  /** Bytes that the lists hold. */
  get bytes(): number {
    return this.#points.byteLength + this.#ends.byteLength + this.#terms.byteLength + this.#weights.byteLength;
  }

  /** Adds the terms of a point, as they are stored. */
  add(point: number, stored: Uint8Array | null): void {
    if (stored === null || stored.byteLength === 0) return;
    const { terms, weights } = decodeTerms(stored);
    this.#append(point, terms, weights);
  }

  /** Removes the terms of points. */
  remove(points: ReadonlySet<number>): void {
    const old = { points: this.#points, ends: this.#ends, terms: this.#terms, weights: this.#weights, count: this.count };
    this.clear();
    for (let i = 0, start = 0; i < old.count; i += 1) {
      const end = old.ends[i] as number;
      const point = old.points[i] as number;
      if (!points.has(point)) this.#append(point, old.terms.subarray(start, end), old.weights.subarray(start, end));
      start = end;
    }
  }

  /** Removes all. */
  clear(): void {
    this.count = 0;
    this.#points = new Float64Array(0);
    this.#ends = new Int32Array(0);
    this.#terms = new Uint32Array(0);
    this.#weights = new Float32Array(0);
  }

  /** Calls `found` with each point that has a term of the query, and its score. */
  score(query: TermQuery, found: (point: number, score: number) => void): void {
    const [ends, terms, weights] = [this.#ends, this.#terms, this.#weights];
    for (let i = 0, at = 0; i < this.count; i += 1) {
      let score = 0;
      for (const end = ends[i] as number; at < end; at += 1) {
        const idf = query.idf(terms[at] as number);
        if (idf !== 0) score += idf * (weights[at] as number);
      }
      if (score > 0) found(this.#points[i] as number, score);
    }
  }

  #append(point: number, terms: Uint32Array, weights: Float32Array): void {
    const start = this.count === 0 ? 0 : (this.#ends[this.count - 1] as number);
    const end = start + terms.length;
    if (this.count === this.#points.length) {
      this.#points = grown(this.#points, new Float64Array(Math.max(8, 2 * this.count)));
      this.#ends = grown(this.#ends, new Int32Array(this.#points.length));
    }
    if (end > this.#terms.length) {
      this.#terms = grown(this.#terms, new Uint32Array(Math.max(64, 2 * end)));
      this.#weights = grown(this.#weights, new Float32Array(this.#terms.length));
    }
    this.#terms.set(terms, start);
    this.#weights.set(weights, start);
    this.#points[this.count] = point;
    this.#ends[this.count] = end;
    this.count += 1;
  }
}

function grown<Numbers extends Float64Array | Float32Array | Uint32Array | Int32Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old);
  return larger;
}
