/** Parses payloads returned by Qdrant. They are checked, as any client with access to the collection may have written them. */
import { UnavailableError } from "../../model/errors.ts";
import { MAX_PATH_BYTES } from "../../model/namespace.ts";
import { MAX_KEY_BYTES } from "../../model/request.ts";
import type { IndexedPoint, StoredPoint, Vector, VectorHit } from "../../ports/vector-index.ts";

/** Payload fields that identify the item and the write of a point. */
export const IDENTITY = ["ns", "key", "version", "write_id"] as const;

type Identity = Partial<Record<(typeof IDENTITY)[number], unknown>>;

/** A point as Qdrant returns it. */
export interface ReturnedPoint {
  readonly id?: unknown;
  readonly score?: unknown;
  readonly payload?: Identity | null;
  readonly vector?: unknown;
}

/** A write id that no record has: a point with this id is stale, and the reconciler replaces or removes it. */
const NO_WRITE = "";

/** Returns the point of a scan; null for a point that names no item of this store. */
export function toIndexedPoint({ payload }: ReturnedPoint): IndexedPoint | null {
  const { ns, key } = payload ?? {};
  if (!isWithin(ns, MAX_PATH_BYTES) || !isWithin(key, MAX_KEY_BYTES)) return null;
  return { namespace: ns, key, ...toStoredPoint(payload) };
}

/** Returns version and write id of a point; {@link NO_WRITE} if the payload lacks them. */
export function toStoredPoint(payload: Identity | null | undefined): StoredPoint {
  const { version, write_id: writeId } = payload ?? {};
  return {
    version: typeof version === "number" ? version : -1,
    writeId: typeof writeId === "string" && typeof version === "number" ? writeId : NO_WRITE,
  };
}

/** Returns the hit of a query; null for a point that names no item of this store. A hit without valid score or write id is stale. */
export function toHit({ score, payload }: ReturnedPoint): VectorHit | null {
  const { ns, key, write_id: writeId } = payload ?? {};
  if (!isWithin(ns, MAX_PATH_BYTES) || !isWithin(key, MAX_KEY_BYTES)) return null;
  const isScored = typeof score === "number";
  return { namespace: ns, key, writeId: isScored && typeof writeId === "string" ? writeId : NO_WRITE, score: isScored ? score : -1 };
}

/** Returns the vectors of a point that was read with them; null for anything else. A point without terms has them under no name. */
export function toVectors(given: unknown): readonly Vector[] | null {
  const vectors: unknown = typeof given === "object" && given !== null && "" in given ? given[""] : given;
  if (!Array.isArray(vectors) || vectors.length === 0) return null;
  const isVector = (vector: unknown): vector is Vector => Array.isArray(vector) && vector.every(Number.isFinite);
  return vectors.every(isVector) ? vectors : null;
}

/**
 * Returns the points of a response.
 *
 * @throws {UnavailableError} when the response has no list of points, so that it does not come from Qdrant.
 */
export function pointsOf(answer: unknown): readonly ReturnedPoint[] {
  if (typeof answer === "object" && answer !== null && "points" in answer && Array.isArray(answer.points)) {
    return answer.points as readonly ReturnedPoint[];
  }
  throw new UnavailableError("Qdrant answered without a list of points. Check qdrant.url and any proxy in front of Qdrant.");
}

/** Returns whether a text can belong to an item; databases refuse to look up longer ones. */
function isWithin(text: unknown, maxBytes: number): text is string {
  return typeof text === "string" && text.length <= maxBytes && (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes);
}
