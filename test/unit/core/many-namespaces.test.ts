/** Performance pins: listings and searches read a bounded part of registry and records for any number of namespaces. */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Deadline } from "../../../src/concurrency/deadline.ts";
import { listNamespaces } from "../../../src/core/namespaces.ts";
import { ReadBudget, Reading } from "../../../src/core/read-budget.ts";
import { readPage, type PageRequest } from "../../../src/core/page.ts";
import { parseFilter } from "../../../src/model/filter.ts";
import type { LiveRecord } from "../../../src/model/item.ts";
import { comparePaths, isWithin } from "../../../src/model/namespace.ts";
import type { ListNamespacesRequest } from "../../../src/model/request.ts";
import type { ItemRepository, ListPage, ListQuery, NamespacePage, NamespaceQuery } from "../../../src/ports/item-repository.ts";
import { recordOf } from "../../../src/testing/records.ts";

/** Namespaces in label order, some with one item; counts reads. */
class Registry implements Pick<ItemRepository, "namespacesAfter" | "list" | "peek"> {
  readonly #paths: readonly string[];
  readonly #holds: (path: string) => boolean;
  readonly #isUnscored: (path: string) => boolean;
  requests = 0;
  names = 0;
  lists = 0;

  constructor(paths: readonly string[], holds: (path: string) => boolean = () => true, isUnscored: (path: string) => boolean = () => false) {
    this.#paths = [...paths].sort(comparePaths);
    this.#holds = holds;
    this.#isUnscored = isUnscored;
  }

  get items(): ItemRepository {
    return this as unknown as ItemRepository;
  }

  async namespacesAfter({ prefix, from, limit, unscored }: NamespaceQuery): Promise<NamespacePage> {
    this.requests += 1;
    const isBefore = (path: string): boolean => {
      if (from === null) return false;
      const order = comparePaths(path, from.path);
      return from.from === "at" ? order < 0 : order <= 0 || (from.from === "past" && isWithin(from.path, path));
    };
    const paths: string[] = [];
    for (const path of this.#paths) {
      if (!isWithin(prefix, path) || isBefore(path) || (unscored && !this.#isUnscored(path))) continue;
      if (paths.length === limit) {
        this.names += limit;
        return { paths, next: { path: paths.at(-1) as string, from: "after" } };
      }
      paths.push(path);
    }
    this.names += paths.length;
    return { paths, next: null };
  }

  async list({ namespace, after }: ListQuery): Promise<ListPage> {
    this.lists += 1;
    const record = recordOf(namespace, "key", { version: 5 }) as LiveRecord;
    return { records: after === null && this.#holds(namespace) ? [record] : [], next: null };
  }

  async peek(paths: readonly string[]): Promise<(LiveRecord | null)[]> {
    return paths.map((path) => (this.#holds(path) ? (recordOf(path, "key") as LiveRecord) : null));
  }
}

const SIZE = 20_000;
const below = Array.from({ length: SIZE }, (_, n) => `users.u-${n}.memories`);
const roots = Array.from({ length: SIZE }, (_, n) => `u-${n}.memories`);

const listing = (parts: Partial<ListNamespacesRequest>): ListNamespacesRequest =>
  ({ kind: "list-namespaces", scope: "", conditions: [], maxDepth: null, limit: 100, offset: 0, ...parts }) as ListNamespacesRequest;

const page = (parts: Partial<PageRequest["walk"]>, rest: Partial<PageRequest> = {}): PageRequest => ({
  walk: { prefix: "", order: "oldest", after: null, expected: 11, ...parts },
  filter: null,
  offset: 0,
  limit: 10,
  maxScanned: 1_000,
  deadline: new Deadline(60_000),
  reading: new Reading(new ReadBudget({ maxReadBytes: Infinity, maxPendingReadBytes: Infinity })),
  ...rest,
});

describe("a page of a search over 20,000 namespaces", () => {
  test.each([
    ["below one root", below, { prefix: "users" }],
    ["below the root of the store", below, {}],
    ["of distinct roots", roots, {}],
  ])("%s reads a page of the registry and little more than the namespaces that it returns", async (_, paths, walk) => {
    const registry = new Registry(paths);
    const { found, more } = await readPage(registry.items, page(walk));
    expect(found.map(({ record }) => record.namespace)).toEqual([...paths].sort(comparePaths).slice(0, 10));
    expect(more).toBe(true);
    expect([registry.requests, registry.names]).toEqual([1, 32]);
    expect(registry.lists).toBeLessThan(20);
  });

  test("continues at its last position without reading earlier namespaces", async () => {
    const registry = new Registry(roots);
    const sorted = [...roots].sort(comparePaths);
    const after = { namespace: sorted[10_000] as string, created: 5, key: "key" };
    const { found } = await readPage(registry.items, page({ after }));
    expect(found.map(({ record }) => record.namespace)).toEqual(sorted.slice(10_001, 10_011));
    expect(registry.requests).toBe(1);
  });

  test("fills a ranked page by reading only namespaces with unscored items, and the given ones", async () => {
    const registry = new Registry(roots, undefined, (path) => path === "u-7.memories");
    const { found, more } = await readPage(registry.items, page({ unscoredAnd: ["u-19999.memories", "u-3.memories"] }));
    expect(found.map(({ record }) => record.namespace)).toEqual(["u-19999.memories", "u-3.memories", "u-7.memories"]);
    expect(more).toBe(false);
    expect([registry.requests, registry.names, registry.lists]).toEqual([1, 1, 3]);
  });

  test("ends before its deadline if reads are slow, and continues after what it has read", async () => {
    class SlowRegistry extends Registry {
      override async list(query: ListQuery): Promise<ListPage> {
        await pause(5);
        return super.list(query);
      }
    }
    const registry = new SlowRegistry(below);
    const filter = parseFilter({ never: true });
    const read = (after: PageRequest["walk"]["after"]) =>
      readPage(registry.items, page({ prefix: "users", after }, { filter, maxScanned: SIZE, deadline: new Deadline(500) }));
    const first = await read(null);
    expect(first).toMatchObject({ found: [], more: true, truncated: true });
    const second = await read(first.last);
    expect(comparePaths(second.last?.namespace ?? "", first.last?.namespace ?? "")).toBeGreaterThan(0);
  });

  test("stops within a run of empty namespaces, and continues after it", async () => {
    const last = [...below].sort(comparePaths).at(-1) as string;
    const registry = new Registry(below, (path) => path === last);
    let after: PageRequest["walk"]["after"] = null;
    let pages = 0;
    for (let isDone = false; !isDone; pages += 1) {
      const before: number = registry.lists;
      const result = await readPage(registry.items, page({ prefix: "users", after }, { maxScanned: 20_000 }));
      expect(registry.lists - before).toBeLessThan(2_100);
      expect(result.truncated).toBe(result.more);
      isDone = !result.more;
      if (isDone) expect(result.found.map(({ record }) => record.namespace)).toEqual([last]);
      else expect(result.found).toEqual([]);
      after = result.last;
    }
    expect(pages).toBe(10);
  });
});

const NO_LIMIT = { maxReadBytes: Infinity, maxPendingReadBytes: Infinity };

function listed(items: ItemRepository, request: ListNamespacesRequest): Promise<string[][]> {
  return new ReadBudget(NO_LIMIT).run((reading) => listNamespaces(items, request, reading));
}

describe("a listing of 20,000 namespaces", () => {
  test.each([
    ["without a prefix", below],
    ["of distinct roots", roots],
  ])("%s reads as many namespaces as it returns", async (_, paths) => {
    const registry = new Registry(paths);
    const found = await listed(registry.items, listing({}));
    expect(found.map((labels) => labels.join("."))).toEqual([...paths].sort(comparePaths).slice(0, 100));
    expect([registry.requests, registry.names]).toEqual([1, 100]);
  });

  test("with maxDepth skips everything below what it lists", async () => {
    const paths = [...below, ...below.map((path) => path.replace("users", "teams")), "zoo.a"];
    const registry = new Registry(paths);
    expect(await listed(registry.items, listing({ maxDepth: 1 }))).toEqual([["teams"], ["users"], ["zoo"]]);
    expect(registry.requests).toBe(3);
    expect(registry.names).toBeLessThan(300);
    const scoped = listing({ scope: "users", maxDepth: 1, limit: 5 });
    expect(await listed(registry.items, scoped)).toEqual([0, 1, 10, 100, 1000].map((n) => [`u-${n}`]));
  });

  test("with maxDepth finds a live namespace among empty ones, on every page boundary", async () => {
    const registry = new Registry(below, (path) => path === "users.u-9999.memories");
    expect(await listed(registry.items, listing({ maxDepth: 1 }))).toEqual([["users"]]);
    expect(await listed(registry.items, listing({ maxDepth: 2 }))).toEqual([["users", "u-9999"]]);
  });

  test("with a suffix stops at its limit", async () => {
    const registry = new Registry([...below, "z.other"]);
    const suffix = (label: string): ListNamespacesRequest => listing({ conditions: [{ matchType: "suffix", path: [label] }], limit: 3 });
    expect(await listed(registry.items, suffix("memories"))).toHaveLength(3);
    expect(registry.names).toBe(32);
    expect(await listed(registry.items, suffix("other"))).toEqual([["z", "other"]]);
  });
});
