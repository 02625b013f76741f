/**
 * Reads all records, range by range of the token ring, also past many tombstones.
 *
 * An expired or deleted record leaves a tombstone for ten days, and Cassandra aborts a read of 100,000 tombstones. After an
 * abort the range is read in slices, and aborted slices in smaller slices. Tombstones in many partitions are passed soon; a
 * single tombstone-heavy partition is isolated after a dozen aborts of 0.1 to 0.2 s and read in windows of keys.
 */
import type { Deadline } from "../../concurrency/deadline.ts";
import { isStoreError, TimeoutError } from "../../model/errors.ts";
import type { ItemRecord } from "../../model/item.ts";
import { isBytes } from "../../model/realms.ts";
import { ROOT } from "../../model/namespace.ts";
import type { NamespaceStart } from "../../model/namespace-place.ts";
import type { NamespacePage, RecordScan } from "../../ports/item-repository.ts";
import { isReadAborted } from "./errors.ts";
import { FIRST_KEY, afterWindow, splitWindow } from "./key-windows.ts";
import type { LayoutLease, Layouts } from "./layouts.ts";
import type { NamespaceRegistry } from "./namespace-registry.ts";
import { toRecord } from "./records-by-id.ts";
import { formatPlace, nextPass, parsePlace, SCAN_START } from "./scan-place.ts";
import { ScanLayout } from "./scan-layout.ts";
import { RowLimit } from "./row-limit.ts";
import type { OpenPartition, Partition, ScanPlace } from "./scan-place.ts";
import type { CqlSession, Row } from "./session.ts";
import type { Statements } from "./statements.ts";
import { GREATEST_TOKEN, rangeEnd, shareUpTo } from "./token-ranges.ts";
import { bigint, int, partitionKey } from "./values.ts";

/** Dependencies of a scan. */
export interface RecordScanParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  readonly registry: NamespaceRegistry;
  readonly layouts: LayoutLease;
}

/** Number of token ranges, which are read one after another. */
const RANGES = 64;

/** Number of slices of an aborted window. */
const SLICES = 32n;

/** Most requests of a page; an aborted request counts as several. */
const MOST_REQUESTS = 64;
const REQUESTS_A_FAILURE = 6;

/** Bytes of records after which a page ends. */
const MOST_BYTES_OF_PAGE = 16 * 1024 * 1024;

/** Most rows of a request: as many of the largest values may follow small ones. */
const MOST_ROWS = 32;

/** Most timeouts in a row, which tombstones can explain; after more, the scan fails. */
const MOST_TIMEOUTS = 2;

/** Namespaces per page when a token is searched. */
const NAMESPACES_A_PAGE = 1_000;

/** Scans the records of one keyspace. */
export class RecordScanner {
  readonly #parts: RecordScanParts;

  constructor(parts: RecordScanParts) {
    this.#parts = parts;
  }

  /** See `ItemRepository.scan`. */
  async scan(after: string | null, limit: number, deadline?: Deadline): Promise<RecordScan> {
    const { layouts } = this.#parts;
    const found: ItemRecord[] = [];
    let place = after === null ? SCAN_START : parsePlace(after);
    let layout = this.#layoutOf(place);
    let unreadable = 0;
    const rowLimit = new RowLimit(MOST_ROWS);
    let [timeouts, bytes] = [0, 0];
    for (let cost = 0; !isAtEnd(place) && found.length < limit && bytes < MOST_BYTES_OF_PAGE && cost < MOST_REQUESTS; cost += 1) {
      const used = layouts.fresh ?? (await layouts.current(deadline));
      if (!isLayoutInUse(place, used)) place = nextPass(place, used.active.rules);
      if (!layout.isOf(place)) layout = this.#layoutOf(place);
      try {
        const { rows, next } = await this.#read(place, Math.min(limit - found.length, rowLimit.rows), deadline);
        const sizes = rows.map(recordBytes);
        rowLimit.record(Math.max(0, ...sizes));
        bytes += sizes.reduce((sum, size) => sum + size, 0);
        // Otherwise partitions of the layout may have been deleted during the read.
        if (!isLayoutInUse(place, layouts.fresh ?? (await layouts.current(deadline)))) continue;
        const records = returnedBy(layout, rows).map(recordIn);
        found.push(...records.filter((record) => record !== null && record !== "unreadable"));
        unreadable += records.filter((record) => record === "unreadable").length;
        place = next;
        timeouts = 0;
      } catch (error) {
        if (!isReadAborted(error)) throw error;
        timeouts += error instanceof TimeoutError ? 1 : 0;
        const narrowed = timeouts > MOST_TIMEOUTS ? null : await this.#narrow(place, deadline);
        if (narrowed === null) throw error;
        unreadable += narrowed === "unreadable" ? 1 : 0;
        place = narrowed === "unreadable" ? leaveWindow(place, place.after + 1n) : narrowed;
        cost += REQUESTS_A_FAILURE;
      }
    }
    return { found, unreadable, next: isAtEnd(place) ? null : formatPlace(place), done: shareUpTo(place.after) };
  }

  #read(place: ScanPlace, size: number, deadline: Deadline | undefined): Promise<{ rows: readonly Row[]; next: ScanPlace }> {
    return place.partition === null ? this.#readWindow(place, size, deadline) : this.#readKeys(place, place.partition, size, deadline);
  }

  /** Reads a page of a window of tokens. */
  async #readWindow(
    place: ScanPlace,
    size: number,
    deadline: Deadline | undefined,
  ): Promise<{ rows: readonly Row[]; next: ScanPlace }> {
    const { session, statements } = this.#parts;
    const end = windowEnd(place);
    const statement = { query: statements.scanItems, params: [bigint(place.after), bigint(end)] };
    const { rows, next: page } = await session.page(statement, { after: place.window?.page ?? null, size }, "scan", deadline);
    if (page === null) return { rows, next: leaveWindow(place, end) };
    const row = rows.at(-1);
    const last = row === undefined ? (place.window?.last ?? null) : { ...partitionOf(row), key: row["key"] as string };
    return { rows, next: { ...place, window: { end, page, last } } };
  }

  /** Reads records of a window of keys of one partition. */
  async #readKeys(
    place: ScanPlace,
    partition: OpenPartition,
    size: number,
    deadline: Deadline | undefined,
  ): Promise<{ rows: readonly Row[]; next: ScanPlace }> {
    const { session, statements } = this.#parts;
    const { namespace, bucket, keys } = partition;
    // The least key after a key is that key plus U+0000.
    const from = keys.after === null ? "" : `${keys.after}\0`;
    const end = keys.ends.at(-1);
    const rows =
      end === undefined
        ? await session.rows(statements.itemsFrom, [namespace, bucket, from, size], "scan", deadline)
        : await session.rows(statements.itemsBetween, [namespace, bucket, from, end, size], "scan", deadline);
    const last = rows.length < size ? undefined : rows.at(-1);
    const left = last === undefined ? afterWindow(keys) : { ...keys, after: last["key"] as string };
    return { rows, next: { ...place, partition: left === null ? null : { namespace, bucket, keys: left } } };
  }

  /**
   * Returns a smaller window after an aborted read. Null when there is none. "unreadable" for a partition whose token matches
   * no registered namespace: its namespace was unregistered, so it presumably contains only tombstones.
   */
  async #narrow(place: ScanPlace, deadline: Deadline | undefined): Promise<ScanPlace | "unreadable" | null> {
    const { partition, window, after } = place;
    if (partition !== null) {
      const keys = splitWindow(partition.keys);
      return keys === null ? null : { ...place, partition: { ...partition, keys } };
    }
    if (window?.last) {
      // The rest of the current partition, then the following ones.
      const { namespace, bucket, key } = window.last;
      const keys = { ...FIRST_KEY, after: key };
      return { ...place, after: this.#tokenOf(window.last), window: null, partition: { namespace, bucket, keys } };
    }
    const end = windowEnd(place);
    if (end - after > 1n) {
      const slice = (end - after + SLICES - 1n) / SLICES;
      return { ...place, window: null, failed: [...place.failed, { until: end, slice }] };
    }
    const partitionAtToken = await this.#partitionAt(end, deadline);
    return partitionAtToken === null ? "unreadable" : { ...leaveWindow(place, end), partition: { ...partitionAtToken, keys: FIRST_KEY } };
  }

  /** Returns the partition of a registered namespace with this token. */
  async #partitionAt(token: bigint, deadline: Deadline | undefined): Promise<Partition | null> {
    const { registry, layouts } = this.#parts;
    let from: NamespaceStart | null = null;
    do {
      const { active, change } = layouts.fresh ?? (await layouts.current(deadline));
      const page: NamespacePage = await registry.page({ prefix: ROOT, from, limit: NAMESPACES_A_PAGE, unscored: false }, deadline);
      for (const namespace of page.paths) {
        for (const { base, count } of [active, ...(change === null ? [] : [change.other])].map((rules) => rules.of(namespace))) {
          for (let bucket = base; bucket < base + count; bucket += 1) {
            if (this.#tokenOf({ namespace, bucket }) === token) return { namespace, bucket };
          }
        }
      }
      from = page.next;
    } while (from !== null);
    return null;
  }

  #layoutOf(place: ScanPlace): ScanLayout {
    return new ScanLayout(place, (partition) => this.#tokenOf(partition));
  }

  #tokenOf({ namespace, bucket }: Partition): bigint {
    return this.#parts.session.tokenOf(partitionKey(Buffer.from(namespace), int(bucket)));
  }
}

/** Whether every write still goes to the layout of a place: the active one, and the previous one until it is deleted. */
function isLayoutInUse({ rules }: ScanPlace, { active, change }: Layouts): boolean {
  if (rules === null) return false;
  const text = JSON.stringify(rules);
  return text === active.text || (change?.stage === "switched" && text === change.other.text);
}

function isAtEnd({ after, partition }: ScanPlace): boolean {
  return after === GREATEST_TOKEN && partition === null;
}

/** Returns the end of the current window of tokens. */
function windowEnd({ after, window, failed }: ScanPlace): bigint {
  if (window !== null) return window.end;
  const inside = failed.at(-1);
  if (inside === undefined) return rangeEnd(after, RANGES);
  const end = after + inside.slice;
  return end < inside.until ? end : inside.until;
}

function leaveWindow(place: ScanPlace, end: bigint): ScanPlace {
  return { ...place, after: end, window: null, failed: place.failed.filter(({ until }) => until > end) };
}

function partitionOf(row: Row): Partition {
  return { namespace: row["namespace"] as string, bucket: row["bucket"] as number };
}

function returnedBy(layout: ScanLayout, rows: readonly Row[]): readonly Row[] {
  return rows.filter((row) => layout.returns(row["namespace"] as string, row["bucket"] as number, row["key"] as string));
}

function recordBytes({ record }: Row): number {
  return isBytes(record) ? record.byteLength : 0;
}

function recordIn(row: Row): ItemRecord | "unreadable" | null {
  try {
    return toRecord(row["namespace"] as string, row);
  } catch (error) {
    if (isStoreError(error) && error.code === "SCHEMA") return "unreadable";
    throw error;
  }
}
