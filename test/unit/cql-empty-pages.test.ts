import type { Client, QueryOptions } from "cassandra-driver";
import { afterEach, describe, expect, test, vi } from "vitest";
import { EntryReader } from "../../src/backends/cql/entries.ts";
import { isReadAborted } from "../../src/backends/cql/errors.ts";
import { CqlSession } from "../../src/backends/cql/session.ts";
import { WindowPlans } from "../../src/backends/cql/window-plan.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import type { ListPosition } from "../../src/ports/item-repository.ts";
import { upTo } from "../../src/testing/expectations.ts";

type Rows = readonly Readonly<Record<string, unknown>>[];

/** A server's response: rows and the state of the next page. */
interface Page {
  readonly rows: Rows;
  readonly pageState?: string;
}

const MOST_REQUESTS = 1_000;

/** A session with a fake client, because only ScyllaDB sends such pages and it cannot run here. */
async function sessionOf(answer: (params: readonly unknown[], options: QueryOptions) => Page): Promise<CqlSession> {
  let requests = 0;
  const client = {
    connect: () => Promise.resolve(),
    async execute(_: string, params: readonly unknown[], options: QueryOptions) {
      requests += 1;
      if (requests > MOST_REQUESTS) throw new Error("The session reads pages without a bound.");
      return answer(params, options);
    },
  };
  const session = new CqlSession({ keyspace: "agents", client: client as unknown as Client });
  await session.open();
  return session;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a read of a partition with empty pages", () => {
  test.each(["read", "scan"] as const)("is aborted after a bounded number of empty pages, as Cassandra does (%s)", async (purpose) => {
    let requests = 0;
    const session = await sessionOf(() => ({ rows: [], pageState: String((requests += 1)) }));
    const error: unknown = await session.rows("SELECT", [], purpose).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(String(error)).toContain("it read too many tombstones");
    expect(isReadAborted(error)).toBe(true);
    expect(requests).toBeLessThanOrEqual(12);
  });

  test("is aborted at its deadline, even if each page has a row", async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const session = await sessionOf(() => ({ rows: [{ key: now }], pageState: String((now += 500)) }));
    const error: unknown = await session.rows("SELECT", [], "read").catch((reason: unknown) => reason);
    expect(isReadAborted(error)).toBe(true);
    expect(now).toBeLessThanOrEqual(4_000);
  });

  test("returns the rows that follow a few empty pages", async () => {
    let requests = 0;
    const session = await sessionOf(() => {
      requests += 1;
      return requests < 6 ? { rows: [], pageState: String(requests) } : { rows: [{ key: "k" }] };
    });
    expect(await session.rows("SELECT", [], "read")).toEqual([{ key: "k" }]);
  });

  test("counts empty pages since the last full one, so a read of many rows can take longer", async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const full = upTo(5_000).map((key) => ({ key }));
    const session = await sessionOf(() => {
      now += 500;
      return now > 20_000 ? { rows: full } : { rows: now % 2_500 === 0 ? full : [], pageState: String(now) };
    });
    expect((await session.rows("SELECT", [], "read")).length).toBeGreaterThan(full.length);
  });
});

test("a tombstone-heavy partition of ScyllaDB is read in windows: each read ends in time and the next continues", async () => {
  const now = Date.UTC(2026, 5, 1);
  const deadFrom = now * 1000 - 2_000_000_000;
  const live = [deadFrom - 5, now * 1000 - 1];
  // Two million tombstones, one a millisecond; a page ends after 10,000 of them and takes 100 ms.
  let time = 0;
  vi.spyOn(performance, "now").mockImplementation(() => time);
  const session = await sessionOf(([after, to, limit], { pageState }) => {
    const start = Number(pageState ?? after);
    const cut = Math.max(start, deadFrom) + 10_000_000;
    const stop = cut >= now * 1000 ? Number(to) : Math.min(cut, Number(to));
    time += stop > deadFrom ? 100 : 1;
    const rows = live.filter((created) => created > start && created <= stop).map((created) => ({ created }));
    const isDone = stop >= Number(to) || rows.length >= Number(limit);
    return isDone ? { rows: rows.slice(0, Number(limit)) } : { rows, pageState: String(stop) };
  });
  const plans = new WindowPlans();
  const found: number[] = [];
  let after: ListPosition | null = null;
  for (let isAtEnd = false; !isAtEnd; ) {
    const reader: EntryReader = new EntryReader({
      order: "oldest",
      after,
      now,
      plan: plans.of("ns", 0, "oldest"),
      read: async (range, limit) => {
        const rows = await session.rows("SELECT", [range.after.created, range.to.created, limit], "read");
        return rows.map(({ created }) => ({ created: Number(created), key: "", expiresAt: null }));
      },
    });
    const begun = time;
    while (!reader.isAtEnd && !reader.isSpent) found.push(...(await reader.next(10)).map(({ created }) => created));
    expect(time - begun).toBeLessThan(10_000);
    isAtEnd = reader.isAtEnd;
    after = reader.after;
  }
  expect(found).toEqual(live);
});
