/** Reads points without searching: all of them part by part, and those of items that ended. */
import { ValidationError } from "../../model/errors.ts";
import type { ScanPage } from "../../ports/scan.ts";
import type { IndexedPoint } from "../../ports/vector-index.ts";
import type { PointsOfCall } from "./client.ts";
import type { Schema } from "./schema.ts";
import { IDENTITY, pointsOf, toIndexedPoint, type ReturnedPoint } from "./stored-payload.ts";

/** Where a scan goes on, and what the share of it that is done is reckoned from. */
interface Place {
  /** Qdrant's own: the id of the next point. */
  readonly offset: string | number | null;
  readonly seen: number;
  /** About how many points there were at the beginning. */
  readonly total: number;
}

/** What a scroll answers. */
interface Scrolled {
  readonly points: readonly ReturnedPoint[];
  readonly next_page_offset?: string | number | null;
}

/** A part of all points, in the order of their ids. */
export async function scanPoints(
  points: PointsOfCall,
  after: string | null,
  limit: number,
): Promise<ScanPage<IndexedPoint>> {
  const start = after === null ? null : parsePlace(after);
  const [{ points: scrolled, next_page_offset: offset = null }, total] = await Promise.all([
    scroll(points, { limit: Math.max(limit, 1), ...(start === null ? {} : { offset: start.offset }) }),
    start?.total ?? countPoints(points),
  ]);
  const found = scrolled.flatMap((point) => toIndexedPoint(point) ?? []);
  if (offset === null) return { found, next: null, done: 1 };
  const place: Place = { offset, seen: (start?.seen ?? 0) + scrolled.length, total };
  // Points that were added since, and the roughness of the count, may make it more than all.
  return { found, next: JSON.stringify(place), done: Math.min(place.seen / Math.max(total, 1), 1) };
}

/** A part of the points that expire at `now` (milliseconds) or before, in the order of their ids. */
export async function expiredPoints(
  points: PointsOfCall,
  now: number,
  after: string | null,
  limit: number,
): Promise<Omit<ScanPage<IndexedPoint>, "done">> {
  if (limit < 1) return { found: [], next: after };
  const filter: Schema<"Filter"> = { must: [{ key: "expires_at", range: { lte: now } }] };
  // An offset is a number where points are not of this store.
  const start = after === null ? {} : { offset: JSON.parse(after) as string | number };
  const { points: scrolled, next_page_offset: next = null } = await scroll(points, { limit, filter, ...start });
  return { found: scrolled.flatMap((point) => toIndexedPoint(point) ?? []), next: next === null ? null : JSON.stringify(next) };
}

async function scroll({ client, path, deadline }: PointsOfCall, what: Schema<"ScrollRequest">): Promise<Scrolled> {
  const body: Schema<"ScrollRequest"> = { ...what, with_payload: IDENTITY, with_vector: false };
  const answer = await client.request<"scrollPoints">("POST", `${path}/scroll`, body, "read points", deadline);
  return { ...(answer as Scrolled), points: pointsOf(answer) };
}

async function countPoints({ client, path, deadline }: PointsOfCall): Promise<number> {
  const answer = await client.request<"countPoints">("POST", `${path}/count`, { exact: false }, "count points", deadline);
  return (answer as { count: number }).count;
}

function parsePlace(text: string): Place {
  let place: unknown;
  try {
    place = JSON.parse(text);
  } catch {
    place = null;
  }
  if (typeof place === "object" && place !== null && "offset" in place && "seen" in place && "total" in place) {
    return place as Place;
  }
  throw new ValidationError("A scan cannot go on from a place that no scan of Qdrant gave: start with null.");
}
