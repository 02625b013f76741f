/** Pages by a filter, where the local file leaves out what does not match: equal to pages of which every record is tested here. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { Deadline } from "../../src/concurrency/deadline.ts";
import type { WalkPlace } from "../../src/core/listing.ts";
import { OwnItems } from "../../src/core/own-items.ts";
import { readPage, type Page, type PageRequest } from "../../src/core/page.ts";
import { ReadBudget } from "../../src/core/read-budget.ts";
import { parseFilter } from "../../src/model/filter.ts";
import type { ItemRepository } from "../../src/ports/item-repository.ts";
import { ITEM_REPOSITORY_INPUTS } from "../../src/ports/item-repository.ts";
import { override } from "../../src/ports/decorate.ts";
import { upTo } from "../../src/testing/expectations.ts";
import { newRoot, putAll, recordOf } from "../../src/testing/records.ts";

const backend = new SqliteBackend({ path: ":memory:", dims: null });
beforeAll(() => backend.start());
afterAll(() => backend.stop());

/** The repository, without leaving out records. */
const unfiltered = (items: ItemRepository): ItemRepository =>
  override(items, ITEM_REPOSITORY_INPUTS, { list: (query, deadline) => items.list({ ...query, filter: null }, deadline) });

const placeOf = (place: WalkPlace | null): unknown =>
  place === null ? null : { namespace: place.namespace, created: place.created, key: place.key };

/** A page without what depends on how it was read. */
const shown = ({ found, before, last, ...page }: Page): unknown => ({
  ...page,
  keys: found.map(({ record }) => `${record.namespace} ${record.key}`),
  values: found.map(({ value }) => value),
  before: placeOf(before),
  last: placeOf(last),
});

async function pageOf(items: ItemRepository, request: Omit<PageRequest, "reading" | "deadline">): Promise<unknown> {
  try {
    return await new ReadBudget({ maxReadBytes: 1e9, maxPendingReadBytes: 1e9 }).run(async (reading) =>
      shown(await readPage(items, { ...request, walk: { ...request.walk, own: new OwnItems() }, reading, deadline: new Deadline(60_000) })),
    );
  } catch (error) {
    return String(error);
  }
}

test("limits, offsets and places of pages are those of a listing that tests every record", async () => {
  const group = fc.nat({ max: 3 });
  const namespaces = fc.array(fc.tuple(fc.constantFrom("", "\0a", "\0a\0b", "\0c", "\0d"), fc.array(group, { maxLength: 60 })), { minLength: 1, maxLength: 5 });
  const filter = fc.constantFrom({ g: 0 }, { g: { $ne: 0 } }, { $or: [{ g: 1 }, { g: 2 }, { g: 9 }] }, { g: 7 }, { g: { $exists: true } });
  const small = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(
      namespaces, filter, fc.constantFrom("oldest" as const, "newest" as const), small, fc.nat({ max: 20 }), small, fc.integer({ min: 1, max: 120 }), fc.option(fc.integer({ min: 1, max: 200 })),
      async (given, by, order, limit, offset, expected, maxScanned, maxTests) => {
        const root = newRoot();
        for (const [below, groups] of given) {
          await putAll(backend.items, groups.map((g, n) => recordOf(root + below, `${n}`, { value: g === 3 ? null : { g, n } })));
        }
        const walk = { prefix: root, order, after: null, expected };
        const limits = { filter: parseFilter(by), limit, maxScanned, ...(maxTests === null ? {} : { maxTests }) };
        const first = { ...limits, walk, offset };
        const [mine, plain] = [await pageOf(backend.items, first), await pageOf(unfiltered(backend.items), first)];
        expect(mine).toEqual(plain);
        // Continues from page to page to the end.
        let after: WalkPlace | null = null;
        for (let pages = 0; pages < 50; pages += 1) {
          const next: Parameters<typeof pageOf>[1] = { ...limits, walk: { ...walk, after }, offset: 0 };
          const [here, there] = [await pageOf(backend.items, next), await pageOf(unfiltered(backend.items), next)];
          expect(here).toEqual(there);
          const page = there as Page;
          if (!page.more) break;
          after = page.last;
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("a page over many large values that do not match is read in several calls of the thread", async () => {
  const root = newRoot();
  await putAll(backend.items, upTo(40).map((n) => recordOf(root, `${n}`, { value: { g: n, text: "x".repeat(100_000) } })));
  const query = { namespace: root, order: "oldest", after: null, limit: 100, filter: parseFilter({ g: 39 }) } as const;
  const { next, records, nonMatching } = await backend.items.list(query);
  expect(next).not.toBeNull();
  expect(records).toEqual([]);
  expect(nonMatching?.[0]?.count).toBeLessThan(15);
});
