/** Points: an item's vectors as Qdrant keeps them, one point an item. */
import { v5 } from "@langchain/core/utils/uuid";
import { idText, type ItemId } from "../../model/item.ts";
import { ancestors, ROOT } from "../../model/namespace.ts";
import type { Vector, VectorPoint } from "../../ports/vector-index.ts";
import { termsOf } from "./filter.ts";
import type { KeptPaths } from "./payload-rule.ts";

/** Namespace of the point ids: they depend on the injective text of an item's id and on nothing else. */
const POINT_IDS = Buffer.from("6f1d7a529c584f0a8a0e3d5c1b7e2f94", "hex");

/** The root among the prefixes of a point: no path of a namespace is ".". */
const ROOT_PREFIX = ".";

/** Fields of a payload. All are ours: what comes of the user's value stands below `terms` and `numbers`. */
type PointPayload = {
  readonly ns: string;
  readonly key: string;
  readonly prefixes: readonly string[];
  readonly version: number;
  readonly write_id: string;
  /** Milliseconds since the epoch; absent for no end. */
  readonly expires_at?: number;
  readonly terms: readonly string[];
  readonly partial: boolean;
  readonly kept?: string;
  readonly numbers: Readonly<Record<string, readonly number[]>>;
};

/** A point as it is sent. */
export interface QdrantPoint {
  readonly id: string;
  readonly vector: readonly Vector[];
  readonly payload: PointPayload;
}

/** The id of an item's point. */
export function pointId(id: ItemId): string {
  return v5(idText(id), POINT_IDS);
}

/** The text under which a prefix stands in {@link PointPayload.prefixes}. */
export function prefixText(path: string): string {
  return path === ROOT ? ROOT_PREFIX : path;
}

/** The point of an item. */
export function toPoint(point: VectorPoint, kept?: KeptPaths): QdrantPoint {
  return {
    id: pointId(point),
    vector: asMultivector(point.vectors),
    payload: {
      ns: point.namespace,
      key: point.key,
      prefixes: ancestors(point.namespace).map(prefixText),
      version: point.version,
      write_id: point.writeId,
      ...(point.expiresAt === null ? {} : { expires_at: point.expiresAt }),
      ...termsOf(point.value, kept),
    },
  };
}

/**
 * Qdrant reads a JSON multivector of exactly two vectors, the first of whole numbers ≥ 0, as a sparse vector and
 * refuses it. A vector given twice leaves the best similarity as it is.
 */
function asMultivector(vectors: readonly Vector[]): readonly Vector[] {
  const sent = vectors.map(inWholeNumbers);
  const [first, second] = sent;
  return sent.length === 2 && first !== undefined && second !== undefined ? [first, second, second] : sent;
}

/** The largest number of a vector as it is sent. */
const LARGEST = 1e9;

/**
 * The same direction in whole numbers: the collection keeps directions only, at 24 bits a number, and a number of nine
 * digits is written and read in half the time of the seventeen that a fraction often has.
 */
export function inWholeNumbers(vector: Vector): number[] {
  let largest = 0;
  for (const number of vector) largest = Math.max(largest, Math.abs(number));
  // What is this short, or that long, has no direction that double precision could tell.
  const scale = LARGEST / largest;
  const hasDirection = Number.isFinite(scale) && scale > 0;
  // As 32-bit integers, which V8 keeps as such: made and printed so, a vector of 384 takes 5 microseconds less.
  return vector.map((number) => (hasDirection ? Math.round(number * scale) | 0 : 0));
}
