import { ValidationError } from "../../model/errors.ts";
import type { IndexedPoint } from "../../ports/vector-index.ts";
import type { ScanPage } from "../../ports/scan.ts";
import { textOf, type Column, type Connection, type Reader } from "./connection.ts";
import { pathIn } from "./namespace-table.ts";
import type { ExpiredRequest, PointsRequest } from "./requests.ts";
import { RowRange } from "./row-range.ts";

/** An answer has no more points than this. */
const MAX_POINTS = 10_000;

/** Finds points without asking for a vector. */
export class PointScan {
  readonly #connection: Connection;
  readonly #range: RowRange;
  readonly #scan: Reader;
  readonly #expired: Reader;

  /** @param points - name of the table */
  constructor(connection: Connection, points: string) {
    this.#connection = connection;
    this.#range = new RowRange(connection, points);
    const columns = "n.place, p.key, p.version, p.write_id";
    this.#scan = connection.reader(`
      SELECT ${columns}, p.id FROM ${points} p CROSS JOIN namespaces n ON n.id = p.namespace_id
      WHERE p.id > ? ORDER BY p.id LIMIT ?`);
    this.#expired = connection.reader(`
      SELECT ${columns}, i.expires_at, i.id FROM items i
      CROSS JOIN ${points} p ON p.namespace_id = i.namespace_id AND p.key = i.key
      CROSS JOIN namespaces n ON n.id = p.namespace_id
      WHERE i.expires_at <= ? AND (i.expires_at, i.id) > (?, ?) ORDER BY i.expires_at, i.id LIMIT ?`);
  }

  /** A part of all points, in the order of their ids. */
  scan({ after, limit }: PointsRequest): ScanPage<IndexedPoint> {
    return this.#connection.transaction("DEFERRED", () => {
      const start = this.#range.start(after);
      const rows = this.#scan.all([start, Math.min(limit, MAX_POINTS)]);
      return { found: rows.map(toPoint), ...this.#range.upTo(Number(rows.at(-1)?.[4] ?? start)) };
    });
  }

  /** A part of the points of records that had expired by a time, the longest expired first. */
  expired({ now, after, limit }: ExpiredRequest): Omit<ScanPage<IndexedPoint>, "done"> {
    const most = Math.min(limit, MAX_POINTS);
    const rows = this.#expired.all([now, ...placeOf(after), most]);
    const last = rows.at(-1);
    const next = last === undefined || rows.length < most ? null : `${Number(last[4])} ${Number(last[5])}`;
    return { found: rows.map(toPoint), next };
  }
}

function toPoint([place, key, version, writeId]: readonly Column[]): IndexedPoint {
  return { namespace: pathIn(place), key: textOf(key), version: Number(version), writeId: String(writeId) };
}

/** Expiry and row of the item after which a part begins. */
function placeOf(after: string | null): readonly [number, number] {
  const [expiresAt, row] = (after ?? "-1 -1").split(" ").map(Number);
  if (Number.isSafeInteger(expiresAt) && Number.isSafeInteger(row)) return [expiresAt as number, row as number];
  throw new ValidationError("A scan cannot continue from a place that no scan of this file returned: start with null.");
}
