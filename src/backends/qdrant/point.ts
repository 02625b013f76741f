/** Points: the vectors of an item as stored in Qdrant, one point for each item. */
import { hash } from "node:crypto";
import { ignoresLength, type DistanceMetric } from "../../model/distance-metric.ts";
import { idText, type ItemId } from "../../model/item.ts";
import { ancestors, ROOT } from "../../model/namespace.ts";
import type { Vector, VectorPoint } from "../../ports/vector-index.ts";
import { filterPayloadOf } from "./filter.ts";
import { KEYWORD_VECTOR } from "./options.ts";
import type { KeptPaths } from "./payload-rule.ts";

/** UUIDv5 namespace of the point ids, which depend only on the injective text of an item's id. */
const POINT_IDS = Buffer.from("6f1d7a529c584f0a8a0e3d5c1b7e2f94", "hex");

/** Stands for the root among the prefixes of a point: no namespace has the path ".". */
const ROOT_PREFIX = ".";

/** Payload of a point. Content of the user's value appears only in `terms` and `numbers`, never as a field name of its own. */
type PointPayload = {
  readonly ns: string;
  readonly key: string;
  readonly prefixes: readonly string[];
  readonly version: number;
  readonly write_id: string;
  /** Milliseconds since the epoch; absent for an item that does not expire. */
  readonly expires_at?: number;
  readonly terms: readonly string[];
  readonly partial: boolean;
  readonly kept?: string;
  readonly numbers: Readonly<Record<string, readonly number[]>>;
};

/** A sparse vector as it is sent. */
interface SparseVector {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

/** The default vectors and the terms. */
type NamedVectors = {
  readonly "": readonly Vector[];
  readonly [KEYWORD_VECTOR]: SparseVector;
};

/** A point as it is sent. */
export interface QdrantPoint {
  readonly id: string;
  /** The default vectors alone, or with the terms of the texts. */
  readonly vector: readonly Vector[] | NamedVectors;
  readonly payload: PointPayload;
}

/** Returns the id of an item's point: a UUIDv5, by Node.js's SHA-1, which takes a third of the time of one in JavaScript. */
export function pointId(id: ItemId): string {
  const digest = hash("sha1", Buffer.concat([POINT_IDS, Buffer.from(idText(id))]), "hex");
  const variant = ((parseInt(digest.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(18, 20)}-${digest.slice(20, 32)}`;
}

/** Returns a prefix as stored in {@link PointPayload.prefixes}. */
export function prefixText(path: string): string {
  return path === ROOT ? ROOT_PREFIX : path;
}

/** Properties of a collection that the form of its points depends on. */
interface PointForm {
  readonly kept?: KeptPaths;
  /** Cosine by default. */
  readonly metric?: DistanceMetric;
  /** Whether the collection has sparse vectors: one without refuses them. */
  readonly holdsTerms?: boolean;
}

/** The point of an item. */
export function toPoint(point: VectorPoint, { kept, metric = "cosine", holdsTerms = false }: PointForm = {}): QdrantPoint {
  const vectors = asMultivector(point.vectors, metric);
  const { termWeights = null } = point;
  return {
    id: pointId(point),
    vector: holdsTerms && termWeights !== null ? { "": vectors, [KEYWORD_VECTOR]: { indices: termWeights.terms, values: termWeights.weights.map(shortened) } } : vectors,
    payload: {
      ns: point.namespace,
      key: point.key,
      prefixes: ancestors(point.namespace).map(prefixText),
      version: point.version,
      write_id: point.writeId,
      ...(point.expiresAt === null ? {} : { expires_at: point.expiresAt }),
      ...filterPayloadOf(point.value, kept),
    },
  };
}

/**
 * Returns the vectors as a multivector. Qdrant misreads a JSON multivector of exactly two vectors, the first with integers ≥ 0,
 * as a sparse vector and refuses it; so the second one is sent twice, which does not change the best similarity.
 */
function asMultivector(vectors: readonly Vector[], metric: DistanceMetric): readonly Vector[] {
  const sent = vectors.map((vector) => asSent(vector, metric));
  const [first, second] = sent;
  return sent.length === 2 && first !== undefined && second !== undefined ? [first, second, second] : sent;
}

/** A vector in the form in which Qdrant parses it fastest: its length is kept only where the metric depends on it. */
export function asSent(vector: Vector, metric: DistanceMetric): readonly number[] {
  return ignoresLength(metric) ? inWholeNumbers(vector) : vector;
}

/** A weight with four decimals: its other digits would be most of what is sent, and rank nothing. */
function shortened(weight: number): number {
  return Math.round(weight * 10_000) / 10_000;
}

/** The largest number of a vector as it is sent. */
const LARGEST = 1e9;

/**
 * Returns a vector of integers with the same direction: the collection normalizes vectors and stores 24 bits per component, and
 * a number of nine digits is formatted and parsed in half the time of the seventeen digits of a typical fraction.
 */
export function inWholeNumbers(vector: Vector): number[] {
  let largest = 0;
  for (const number of vector) largest = Math.max(largest, Math.abs(number));
  // A vector this short or this long has no direction in double precision.
  const scale = LARGEST / largest;
  const hasDirection = Number.isFinite(scale) && scale > 0;
  // As 32-bit integers, which V8 stores unboxed: a vector with 384 components takes 5 microseconds less.
  return vector.map((number) => (hasDirection ? Math.round(number * scale) | 0 : 0));
}
