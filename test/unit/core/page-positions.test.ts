/** Pages by offset continue from a remembered position: what they read, and when positions are dropped. */
import { expect, test, vi } from "vitest";
import { Deadline } from "../../../src/concurrency/deadline.ts";
import { Hints } from "../../../src/concurrency/hints.ts";
import { DegradedState } from "../../../src/core/degraded-state.ts";
import { PagePositions } from "../../../src/core/page-positions.ts";
import { ReadBudget } from "../../../src/core/read-budget.ts";
import { Searcher } from "../../../src/core/search.ts";
import { ROOT } from "../../../src/model/namespace.ts";
import type { LiveRecord } from "../../../src/model/item.ts";
import type { SearchRequest } from "../../../src/model/request.ts";
import type { ItemRepository, ListPage, ListQuery } from "../../../src/ports/item-repository.ts";
import { recordOf } from "../../../src/testing/records.ts";

// Tests the hints themselves.
Hints.enabled = true;

const limits = { maxScannedItems: 100_000, maxFilterTests: 1_000_000, maxOffset: 1_000_000, maxReadBytes: 1e9, maxPendingReadBytes: 1e9 };

/** One namespace of numbered items; counts the records that are read. */
class Numbered {
  readonly records: LiveRecord[];
  read = 0;
  /** Runs before a page is returned. */
  whileReading = (): void => undefined;

  constructor(count: number, expiresAt: (n: number) => number | null = () => null) {
    this.records = Array.from({ length: count }, (_, n) => ({ ...(recordOf("a.b", `${n}`, { version: n + 1 }) as LiveRecord), created: n + 1, expiresAt: expiresAt(n) }));
  }

  async list({ after, limit }: ListQuery): Promise<ListPage> {
    const rest = this.records.filter(({ created, expiresAt }) => created > (after?.created ?? 0) && (expiresAt === null || expiresAt > Date.now()));
    const records = rest.slice(0, limit);
    this.read += records.length;
    this.whileReading();
    const last = records.at(-1);
    return { records, next: rest.length > limit && last !== undefined ? { created: last.created, key: last.key } : null };
  }

  async namespacesAfter(): Promise<{ paths: string[]; next: null }> {
    return { paths: [], next: null };
  }
}

function pagesOf(numbered: Numbered): { positions: PagePositions; page: (offset: number) => Promise<string[]> } {
  const positions = new PagePositions();
  const reads = new ReadBudget(limits);
  const events = { emit: () => undefined };
  const searcher = new Searcher({
    items: numbered as unknown as ItemRepository,
    generations: null,
    limits,
    events,
    onStale: () => undefined,
    degraded: new DegradedState(events),
    positions,
  } as unknown as ConstructorParameters<typeof Searcher>[0]);
  const page = async (offset: number): Promise<string[]> => {
    const request = { scope: ROOT, prefix: "a.b", filter: null, query: null, order: "oldest", limit: 10, offset, cursor: null } as unknown as SearchRequest;
    const { found } = await reads.run((reading) => searcher.search(request, new Deadline(60_000), reading));
    return found.map(({ record }) => record.key);
  };
  return { positions, page };
}

const keys = (from: number): string[] => Array.from({ length: 10 }, (_, i) => `${from + i}`);

test("pages in sequence read what they return, and a page that is read again skips nothing", async () => {
  const numbered = new Numbered(1_000);
  const { page } = pagesOf(numbered);
  for (let n = 0; n < 50; n += 1) expect(await page(10 * n)).toEqual(keys(10 * n));
  expect(numbered.read).toBeLessThan(50 * 15);
  numbered.read = 0;
  expect(await page(490)).toEqual(keys(490));
  expect(numbered.read).toBeLessThan(15);
});

test.each(["a.b", "a.b.c"])("a write in %s drops the positions", async (namespace) => {
  const numbered = new Numbered(100);
  const { page, positions } = pagesOf(numbered);
  await page(20);
  numbered.records.shift();
  positions.drop(namespace);
  expect(await page(20)).toEqual(keys(21));
});

test.each(["a.bc", "a", "b"])("a write in %s, which is not below the prefix, keeps the positions", async (namespace) => {
  const numbered = new Numbered(100);
  const { page, positions } = pagesOf(numbered);
  await page(20);
  numbered.read = 0;
  positions.drop(namespace);
  await page(20);
  expect(numbered.read).toBeLessThan(15);
});

test("a page that was read while a write dropped the positions leaves none", async () => {
  const numbered = new Numbered(100);
  const { page, positions } = pagesOf(numbered);
  numbered.whileReading = () => positions.drop("a.b");
  await page(20);
  numbered.whileReading = () => undefined;
  numbered.records.shift();
  expect(await page(20)).toEqual(keys(21));
});

test("positions are used for at most 5 s after the first page that they depend on, and not after the expiry of a skipped item", async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: 1_000_000 });
  try {
    const numbered = new Numbered(100, (n) => (n === 3 ? 1_002_000 : null));
    const { page } = pagesOf(numbered);
    expect(await page(20)).toEqual(keys(20));
    vi.advanceTimersByTime(2_000);
    expect(await page(20)).toEqual(keys(21));
    vi.advanceTimersByTime(4_000);
    expect(await page(30)).toEqual(keys(31));
    numbered.records.shift();
    expect(await page(30)).toEqual(keys(31));
    // What page 30 inherits from page 20 ends with it.
    vi.advanceTimersByTime(1_000);
    expect(await page(30)).toEqual(keys(32));
  } finally {
    vi.useRealTimers();
  }
});

test("a clock that is set back does not prolong the use of positions", async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: 10_000_000 });
  try {
    const numbered = new Numbered(100);
    const { page } = pagesOf(numbered);
    await page(20);
    numbered.records.shift();
    vi.advanceTimersByTime(5_000);
    vi.setSystemTime(1_000_000);
    expect(await page(20)).toEqual(keys(21));
  } finally {
    vi.useRealTimers();
  }
});
