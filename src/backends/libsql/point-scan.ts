import type { IndexedPoint } from "../../ports/vector-index.ts";
import type { ScanPage } from "../../ports/scan.ts";
import { textOf, type Column, type Connection, type Reader } from "./connection.ts";
import type { ScanRequest } from "./requests.ts";
import { RowRange } from "./row-range.ts";

/** An answer has no more points than this. */
const MAX_POINTS = 10_000;

/** Finds points without asking for a vector. */
export class PointScan {
  readonly #connection: Connection;
  readonly #range: RowRange;
  readonly #scan: Reader;
  readonly #expired: Reader;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#range = new RowRange(connection, "points");
    const columns = "n.path, p.key, p.version, p.write_id, p.id";
    this.#scan = connection.reader(`
      SELECT ${columns} FROM points p CROSS JOIN namespaces n ON n.id = p.namespace_id
      WHERE p.id > ? ORDER BY p.id LIMIT ?`);
    this.#expired = connection.reader(`
      SELECT ${columns} FROM items i
      CROSS JOIN points p ON p.namespace_id = i.namespace_id AND p.key = i.key
      CROSS JOIN namespaces n ON n.id = p.namespace_id
      WHERE i.expires_at <= ? ORDER BY i.expires_at LIMIT ?`);
  }

  /** A part of all points, in the order of their ids. */
  scan({ after, limit }: ScanRequest): ScanPage<IndexedPoint> {
    return this.#connection.transaction("DEFERRED", () => {
      const start = this.#range.start(after);
      const rows = this.#scan.all([start, Math.min(limit, MAX_POINTS)]);
      return { found: rows.map(toPoint), ...this.#range.upTo(Number(rows.at(-1)?.[4] ?? start)) };
    });
  }

  /** Points of records that had ended by a time, the longest ended first. */
  expired(now: number, limit: number): IndexedPoint[] {
    return this.#expired.all([now, Math.min(limit, MAX_POINTS)]).map(toPoint);
  }
}

function toPoint([path, key, version, writeId]: readonly Column[]): IndexedPoint {
  return { namespace: textOf(path), key: textOf(key), version: Number(version), writeId: String(writeId) };
}
