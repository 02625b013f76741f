import { euclidScore, type DistanceMetric, type VectorShape } from "../../model/distance-metric.ts";

/** Vectors of a chunk: one allocation, small enough to be streamed and big enough to be scanned without overhead. */
const CHUNK_VECTORS = 512;

const BYTES_PER_NUMBER = Float32Array.BYTES_PER_ELEMENT;

/** Vectors one after another in memory, and the point that each is of. */
export interface Chunk {
  readonly points: Float64Array;
  readonly numbers: Float32Array;
  /** One divided by the length of each vector; 0 for a zero vector. */
  readonly inverseLengths: Float64Array;
  /** The bytes of `numbers`. */
  readonly bytes: Uint8Array;
  count: number;
}

/** A list of vectors of one length, in chunks. */
export class VectorChunks {
  readonly dims: number;
  readonly metric: DistanceMetric;
  chunks: Chunk[] = [];
  /** Vectors in all chunks. */
  count = 0;
  /** Bytes that the chunks hold. */
  bytes = 0;

  constructor({ dims, metric }: VectorShape) {
    this.dims = dims;
    this.metric = metric;
  }

  /** Adds the vectors of a point: their numbers one after another, as they are stored. */
  add(point: number, stored: Uint8Array): void {
    const vectorBytes = this.dims * BYTES_PER_NUMBER;
    for (let start = 0; start + vectorBytes <= stored.byteLength; start += vectorBytes) {
      const chunk = this.#chunkWithRoom();
      chunk.bytes.set(stored.subarray(start, start + vectorBytes), chunk.count * vectorBytes);
      chunk.points[chunk.count] = point;
      chunk.inverseLengths[chunk.count] = inverseLength(chunk.numbers, chunk.count * this.dims, this.dims);
      chunk.count += 1;
      this.count += 1;
    }
  }

  /** Removes the vectors of points. */
  remove(points: ReadonlySet<number>): void {
    for (const chunk of this.chunks) {
      for (let i = chunk.count - 1; i >= 0; i -= 1) {
        if (!points.has(chunk.points[i] as number)) continue;
        chunk.count -= 1;
        this.count -= 1;
        // The last one takes its place.
        chunk.points[i] = chunk.points[chunk.count] as number;
        chunk.inverseLengths[i] = chunk.inverseLengths[chunk.count] as number;
        chunk.numbers.copyWithin(i * this.dims, chunk.count * this.dims, (chunk.count + 1) * this.dims);
      }
    }
    for (const chunk of this.chunks) if (chunk.count === 0) this.bytes -= bytesOf(chunk);
    this.chunks = this.chunks.filter(({ count }) => count > 0);
  }

  /** Removes all vectors. */
  clear(): void {
    this.chunks = [];
    this.count = 0;
    this.bytes = 0;
  }

  /** A chunk with room for one more vector; the last one grows by doubling until it is full. */
  #chunkWithRoom(): Chunk {
    const last = this.chunks.at(-1);
    const capacity = last?.points.length ?? 0;
    if (last !== undefined && last.count < capacity) return last;
    if (last === undefined || capacity >= CHUNK_VECTORS) {
      const chunk = this.#allocate(1);
      this.chunks.push(chunk);
      return chunk;
    }
    const grown = this.#allocate(Math.min(2 * capacity, CHUNK_VECTORS));
    grown.points.set(last.points);
    grown.inverseLengths.set(last.inverseLengths);
    grown.numbers.set(last.numbers);
    grown.count = last.count;
    this.bytes -= bytesOf(last);
    this.chunks[this.chunks.length - 1] = grown;
    return grown;
  }

  #allocate(capacity: number): Chunk {
    const numbers = new Float32Array(capacity * this.dims);
    const chunk = {
      points: new Float64Array(capacity),
      numbers,
      inverseLengths: new Float64Array(capacity),
      bytes: new Uint8Array(numbers.buffer),
      count: 0,
    };
    this.bytes += bytesOf(chunk);
    return chunk;
  }
}

function bytesOf({ points, numbers, inverseLengths }: Chunk): number {
  return points.byteLength + numbers.byteLength + inverseLengths.byteLength;
}

/** Returns one divided by the length of a vector; 0 for a zero vector, which has no angle. */
function inverseLength(numbers: Float32Array, start: number, dims: number): number {
  let squares = 0;
  for (let i = start; i < start + dims; i += 1) squares += (numbers[i] as number) ** 2;
  return squares === 0 ? 0 : 1 / Math.sqrt(squares);
}

/** Writes the score of `vector` with each vector of a chunk to `scores`, from `start` on, computed in double precision. */
export function scoreChunk(metric: DistanceMetric, chunk: Chunk, vector: Float32Array, scores: Float64Array, start: number): void {
  if (metric === "euclid") return writeEuclidScores(chunk, vector, scores, start);
  writeDotProducts(chunk, vector, scores, start);
  if (metric === "dot") return;
  const { inverseLengths, count } = chunk;
  // 0 for a zero vector, which has no angle.
  const inverse = inverseLength(vector, 0, vector.length);
  for (let i = 0; i < count; i += 1) {
    const cosine = (scores[start + i] as number) * inverse * (inverseLengths[i] as number);
    // Rounding may lead a cosine past its bounds.
    scores[start + i] = cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
  }
}

function writeEuclidScores({ numbers, count }: Chunk, vector: Float32Array, scores: Float64Array, start: number): void {
  const dims = vector.length;
  for (let i = 0, at = 0; i < count; i += 1, at += dims) {
    let squares = 0;
    for (let j = 0; j < dims; j += 1) squares += ((numbers[at + j] as number) - (vector[j] as number)) ** 2;
    scores[start + i] = euclidScore(Math.sqrt(squares));
  }
}

function writeDotProducts({ numbers, count }: Chunk, vector: Float32Array, scores: Float64Array, start: number): void {
  const dims = vector.length;
  const unrolled = dims - (dims % 4);
  for (let i = 0, at = 0; i < count; i += 1, at += dims) {
    // Four sums, which do not wait for each other.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let j = 0; j < unrolled; j += 4) {
      a += (numbers[at + j] as number) * (vector[j] as number);
      b += (numbers[at + j + 1] as number) * (vector[j + 1] as number);
      c += (numbers[at + j + 2] as number) * (vector[j + 2] as number);
      d += (numbers[at + j + 3] as number) * (vector[j + 3] as number);
    }
    for (let j = unrolled; j < dims; j += 1) a += (numbers[at + j] as number) * (vector[j] as number);
    scores[start + i] = a + b + c + d;
  }
}
