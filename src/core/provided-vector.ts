/** Checks vectors that embedding providers return. */
import { ignoresLength, isTooLong, tooLong, type VectorShape } from "../model/distance-metric.ts";
import { WRONG_ANSWER } from "../model/embedding-error.ts";
import { EmbeddingError, kindOf } from "../model/errors.ts";
import type { Vector } from "../ports/vector-index.ts";

/** Greatest number in single precision, in which both backends store vectors. */
const GREATEST = 3.4028234663852886e38;

/** Where lengths do not count, vectors whose greatest component lies outside these bounds are scaled: their squares would overflow or underflow. */
const LARGE = 1e15;
const SMALL = 1e-15;

/**
 * Returns a vector as an array of numbers. Arrays and typed arrays are accepted; a typed array is copied, because some
 * libraries return views of memory that they reuse.
 *
 * @throws {EmbeddingError} that describes what was received, when it is not a vector of `dims` finite numbers in single precision, or is
 * too long for the metric.
 */
export function toVector(given: unknown, shape: VectorShape): Vector {
  try {
    return readVector(given, shape);
  } catch (error) {
    if (error instanceof EmbeddingError) throw error;
    // A getter throws: the value of a provider can be any object.
    throw wrongAnswer("with a vector that cannot be read.", error);
  }
}

function readVector(given: unknown, { dims, metric }: VectorShape): Vector {
  if (!isList(given)) throw wrongAnswer(`with ${kindOf(given)} instead of a vector.`);
  if (given.length !== dims) throw wrongLength(given, dims);
  const vector = Array.isArray(given) ? (given as number[]) : Array.from(given as ArrayLike<number>);
  let greatest = 0;
  for (let i = 0; i < dims; i += 1) {
    const number: unknown = vector[i];
    // Not with `every`, which skips holes.
    if (typeof number !== "number" || !(Math.abs(number) <= GREATEST)) {
      const found = typeof number === "number" ? String(number) : kindOf(number);
      throw wrongAnswer(`with a vector whose number ${i} is not finite in single precision, or no number: ${found}.`);
    }
    greatest = Math.max(greatest, Math.abs(number));
  }
  if (isTooLong(greatest, metric)) throw wrongAnswer(`with a vector that contains ${tooLong(metric)}`);
  const isOrdinary = greatest === 0 || (greatest < LARGE && greatest > SMALL);
  // A cosine is of the angle between vectors, which does not depend on their lengths.
  return isOrdinary || !ignoresLength(metric) ? vector : vector.map((number) => number / greatest);
}

type List = readonly unknown[] | ArrayLike<unknown>;

function isList(given: unknown): given is List {
  return Array.isArray(given) || (ArrayBuffer.isView(given) && "length" in given);
}

function wrongLength(given: List, dims: number): EmbeddingError {
  const [count, first] = [given.length, given[0]];
  if (count > 0 && typeof first !== "number") {
    return wrongAnswer(`with ${kindOf(given)} of ${count} elements, the first of which is ${kindOf(first)}, instead of a vector.`);
  }
  const kind = Array.isArray(given) ? "" : ` (${kindOf(given)})`;
  const received = `with a vector of ${count} numbers${kind}, but index.dims is ${dims}`;
  // OpenAI's client asks for base64. It decodes a list of numbers, which some servers send anyway, as bytes: a quarter as many, all zero.
  if (count * 4 === dims) {
    return wrongAnswer(`${received}, which is four times as many: its client may decode a list of numbers as base64. Set encodingFormat: "float" on it.`);
  }
  return wrongAnswer(`${received}: set it to what the model gives.`);
}

function wrongAnswer(what: string, cause?: unknown): EmbeddingError {
  return new EmbeddingError(`The embedding provider answered ${what}`, { cause, retryable: false, details: { fault: WRONG_ANSWER } });
}
