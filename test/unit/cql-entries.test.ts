import { types } from "cassandra-driver";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Entry, EntryReader } from "../../src/backends/cql/entries.ts";
import { NamespaceEntries } from "../../src/backends/cql/namespace-entries.ts";
import { type WindowPlan, WindowPlans } from "../../src/backends/cql/window-plan.ts";
import type { EntryRange } from "../../src/backends/cql/windows.ts";
import { QueryError, TimeoutError, UnavailableError } from "../../src/model/errors.ts";
import type { ListingOrder } from "../../src/model/request.ts";
import type { ListPosition } from "../../src/ports/item-repository.ts";
import { upTo } from "../../src/testing/expectations.ts";

const NOW = Date.UTC(2026, 5, 1);
const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;

/** A row of a partition; a tombstone is read by the server, but not returned. */
interface Row extends Entry {
  readonly isTombstone: boolean;
}

const rowOf = (created: number, isTombstone: boolean, key = `${created}`): Row => {
  return { created, key, expiresAt: null, isTombstone };
};

/** Returns tombstones, one every `gap` microseconds. */
function tombstones(from: number, count: number, gap: number): Row[] {
  return upTo(count).map((i) => rowOf(from + i * gap, true));
}

/** The server's error code for a tombstone abort. */
function tooManyTombstones(): UnavailableError {
  return new UnavailableError("too many tombstones", { details: { code: types.responseErrorCodes.readFailure } });
}

/** Duration of an aborted read in milliseconds. */
const FAILURE_MS = 130;

/** A partition on a server that aborts a read beyond a number of tombstones. */
class Partition {
  readonly #threshold: number;
  readonly #rows: readonly Row[];
  /** Total duration of all reads in milliseconds. */
  elapsed = 0;
  reads = 0;
  failures = 0;

  constructor(rows: readonly Row[], threshold: number) {
    this.#rows = [...rows].sort(compare);
    this.#threshold = threshold;
  }

  async read(order: ListingOrder, { after, to }: EntryRange, limit: number): Promise<Row[]> {
    const sign = order === "oldest" ? 1 : -1;
    const rows = order === "oldest" ? this.#rows : this.#rows.toReversed();
    const found: Row[] = [];
    let tombstones = 0;
    this.reads += 1;
    for (const row of rows) {
      if (sign * compare(row, after) <= 0 || sign * compare(row, to) > 0) continue;
      if (found.length === limit) break;
      tombstones += row.isTombstone ? 1 : 0;
      this.elapsed += row.isTombstone ? FAILURE_MS / this.#threshold : 0;
      if (!row.isTombstone) found.push(row);
      if (tombstones <= this.#threshold) continue;
      this.failures += 1;
      throw tooManyTombstones();
    }
    return found;
  }

  live(order: ListingOrder, after: ListPosition | null): Row[] {
    const sign = order === "oldest" ? 1 : -1;
    const live = this.#rows.filter((row) => !row.isTombstone && (after === null || sign * compare(row, after) > 0));
    return order === "oldest" ? live : live.reverse();
  }
}

function compare(a: ListPosition, b: ListPosition): number {
  return a.created - b.created || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

const noPlan = (order: ListingOrder): WindowPlan => new WindowPlans().of("ns", 0, order);

function readerOf(
  partition: Partition,
  order: ListingOrder,
  after: ListPosition | null,
  plan = noPlan(order),
): EntryReader {
  const read = (stretch: EntryRange, limit: number): Promise<Row[]> => partition.read(order, stretch, limit);
  return new EntryReader({ order, after, now: NOW, plan, read });
}

async function readAll(reader: EntryReader, limit: number): Promise<Entry[]> {
  const found: Entry[] = [];
  while (!reader.isAtEnd) {
    const some = await reader.next(limit);
    expect(some.length).toBeLessThanOrEqual(limit);
    expect(some.length > 0 || reader.isAtEnd).toBe(true);
    found.push(...some);
  }
  return found;
}

const orders: ListingOrder[] = ["oldest", "newest"];
const aLimit = fc.integer({ min: 1, max: 20 });
const anOrder = fc.constantFrom(...orders);
const aTime = fc.oneof(
  fc.integer({ min: 0, max: NOW * 1000 + DAY }),
  fc.integer({ min: NOW * 1000 - 3 * DAY, max: NOW * 1000 }),
  fc.integer({ min: 0, max: 100 }),
);
const aCluster = fc
  .record({
    from: aTime,
    count: fc.integer({ min: 1, max: 60 }),
    gap: fc.constantFrom(1, 7, SECOND, DAY),
    live: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ from, count, gap, live }) => upTo(count).map((i) => rowOf(from + i * gap, i % 10 >= live)));
const rows = fc
  .array(aCluster, { maxLength: 6 })
  .map((clusters) => [...new Map(clusters.flat().map((row) => [row.created, row])).values()]);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a partition", () => {
  test("is read completely, in order and without duplicates, for any distribution of tombstones", async () => {
    await fc.assert(
      fc.asyncProperty(rows, anOrder, fc.option(aTime), aLimit, async (all, order, place, limit) => {
        const partition = new Partition(all, 10);
        const after = place === null ? null : { created: place, key: "5" };
        const found = await readAll(readerOf(partition, order, after), limit);
        expect(found).toEqual(partition.live(order, after));
      }),
      { numRuns: 300 },
    );
  });

  test("performance pin: without tombstones takes one request per page of entries", async () => {
    const partition = new Partition(upTo(95).map((i) => rowOf(i * SECOND, false)), 0);
    expect(await readAll(readerOf(partition, "oldest", null), 10)).toHaveLength(95);
    expect(partition.reads).toBe(10);
  });

  test.each([
    ["12 s", 3 * 3_600 * SECOND, 100],
    ["an hour", 3 * 3_600 * SECOND, 30_000],
    ["a day", DAY, 500_000],
    ["400 days", 500 * DAY, 288 * SECOND],
  ])("performance pin: with 120,000 tombstones over %s aborts only a few reads", async (_, ago, gap) => {
    const dead = tombstones(NOW * 1000 - ago, 120_000, gap);
    for (const order of orders) {
      for (const live of [dead[0], dead[60_000], dead.at(-1)]) {
        const item = rowOf((live?.created ?? 0) + 1, false);
        const partition = new Partition([...dead, item], 100_000);
        expect(await readAll(readerOf(partition, order, null), 20)).toEqual([item]);
        expect(partition.failures).toBeLessThanOrEqual(5);
        expect(partition.reads).toBeLessThanOrEqual(200);
      }
    }
  });

  test("is read without an aborted read if its tombstones are known or gone", async () => {
    const [before, behind] = [rowOf(5, false), rowOf(NOW * 1000, false)];
    const dead = tombstones(NOW * 1000 - DAY, 5_000, SECOND);
    for (const order of orders) {
      const plans = new WindowPlans();
      const read = async (partition: Partition): Promise<Entry[]> =>
        readAll(readerOf(partition, order, null, plans.of("ns", 0, order)), 20);
      const partition = new Partition([before, ...dead, behind], 1_000);
      vi.spyOn(performance, "now").mockImplementation(() => partition.elapsed);
      const expected = order === "oldest" ? [before, behind] : [behind, before];
      expect(await read(partition)).toEqual(expected);
      const failures = partition.failures;
      expect(await read(partition)).toEqual(expected);
      expect(partition.failures).toBe(failures);
      const later = new Partition([before, behind], 1_000);
      expect(await read(later)).toEqual(expected);
      expect(later.failures).toBe(0);
      expect(plans.of("ns", 1, order).isEmpty).toBe(true);
    }
  });
});

describe("failures other than tombstone aborts", () => {
  const always = (error: Error): { partition: { reads: number }; reader: EntryReader } => {
    const partition = { reads: 0 };
    const read = async (): Promise<Entry[]> => {
      partition.reads += 1;
      throw error;
    };
    const reader = new EntryReader({ order: "oldest", after: null, now: NOW, plan: noPlan("oldest"), read });
    return { partition, reader };
  };

  test("a server that aborts every read is reported after a bounded number of reads", async () => {
    const error = tooManyTombstones();
    const { partition, reader } = always(error);
    await expect(reader.next(10)).rejects.toBe(error);
    expect(partition.reads).toBeLessThan(20);
  });

  test("another error is reported at once", async () => {
    for (const error of [new QueryError("refused"), new TimeoutError("no answer"), new UnavailableError("down")]) {
      const { partition, reader } = always(error);
      await expect(reader.next(10)).rejects.toBe(error);
      expect(partition.reads).toBe(1);
    }
  });

  test("timeouts of the server are reported at the deadline", async () => {
    const error = new TimeoutError("slow", { details: { code: types.responseErrorCodes.readTimeout } });
    const { partition, reader } = always(error);
    let time = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (time += 2_500));
    await expect(reader.next(10)).rejects.toBe(error);
    expect(partition.reads).toBeLessThan(4);
  });
});

test("a reader at its deadline reports its position, and the next one continues there", async () => {
  const dead = tombstones(NOW * 1000 - DAY, 3_000, SECOND);
  const live = [rowOf(3, false), rowOf(NOW * 1000, false)];
  const partition = new Partition([...dead, ...live], 100);
  let time = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (time += 100));
  const found: Entry[] = [];
  let after: ListPosition | null = null;
  for (let readers = 1; ; readers += 1) {
    const reader = readerOf(partition, "oldest", after);
    while (!reader.isAtEnd && !reader.isSpent) found.push(...(await reader.next(5)));
    if (reader.isAtEnd) {
      expect(readers).toBeGreaterThan(1);
      break;
    }
    expect(reader.after).not.toEqual(after);
    after = reader.after;
  }
  expect(found).toEqual(live);
});

describe("a namespace of several partitions", () => {
  test("is merged in order, each entry once, without unrequested entries", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rows, { minLength: 1, maxLength: 5 }), anOrder, aLimit, async (all, order, count) => {
        const partitions = all.map((part, i) => {
          return new Partition(part.map((row) => ({ ...row, key: `${i}-${row.key}` })), 20);
        });
        const isWanted = (entry: Entry): boolean => entry.created % 3 !== 0;
        const readers = partitions.map((partition) => readerOf(partition, order, null));
        const entries = new NamespaceEntries(readers, order, isWanted);
        const found: Entry[] = [];
        do {
          found.push(...(await entries.next(count)));
          const place = entries.after;
          const sign = order === "oldest" ? 1 : -1;
          if (place !== null) expect(found.every((entry) => sign * compare(entry, place) <= 0)).toBe(true);
        } while (entries.after !== null);
        const sign = order === "oldest" ? 1 : -1;
        const live = partitions.flatMap((partition) => partition.live(order, null));
        expect(found).toEqual(live.filter(isWanted).sort((a, b) => sign * compare(a, b)));
        expect(entries.read).toBe(live.length);
      }),
      { numRuns: 200 },
    );
  });
});
