/** Reads points without a search: all of them page by page, and those of expired items. */
import { ValidationError } from "../../model/errors.ts";
import type { ScanPage } from "../../ports/scan.ts";
import type { IndexedPoint } from "../../ports/vector-index.ts";
import type { PointsOfCall } from "./client.ts";
import type { Schema } from "./schema.ts";
import { IDENTITY, pointsOf, toIndexedPoint, type ReturnedPoint } from "./stored-payload.ts";

/** Where a scan continues, and the numbers from which its progress is computed. */
interface Place {
  /** Qdrant's offset: the id of the next point. */
  readonly offset: string | number | null;
  readonly seen: number;
  /** Approximate number of points at the start. */
  readonly total: number;
}

/** Result of a scroll request. */
interface Scrolled {
  readonly points: readonly ReturnedPoint[];
  readonly next_page_offset?: string | number | null;
}

/** Reads a page of all points, ordered by id. */
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
  // May exceed 1 otherwise, as the count is approximate and points were added since.
  return { found, next: JSON.stringify(place), done: Math.min(place.seen / Math.max(total, 1), 1) };
}

/** Reads a page of the points that expire at `now` (milliseconds) or before, ordered by id. */
export async function expiredPoints(
  points: PointsOfCall,
  now: number,
  after: string | null,
  limit: number,
): Promise<Omit<ScanPage<IndexedPoint>, "done">> {
  if (limit < 1) return { found: [], next: after };
  const filter: Schema<"Filter"> = { must: [{ key: "expires_at", range: { lte: now } }] };
  // The offset is a number if the next point was not written by this store.
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
  throw new ValidationError("A scan cannot continue from a position that no scan of Qdrant returned: start with null.");
}
