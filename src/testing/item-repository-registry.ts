/** Cases about taking back what the registry says of namespaces, and about records that are past. */
import { describe, expect, test } from "vitest";
import type { ItemRecord } from "../model/item.ts";
import { join } from "../model/namespace.ts";
import type { ItemRepository, NamespacePage } from "../ports/item-repository.ts";
import { upTo } from "./expectations.ts";
import { expectStored, listAll, putAll, recordOf } from "./records.ts";
import type { RepositoryContext, TestedRepository } from "./tested-repository.ts";

const MINUTE = 60_000;
/** Longer than any lease runs. */
const LONG = 120 * MINUTE;

async function flagsBelow(items: ItemRepository, root: string): Promise<Record<string, boolean>> {
  return Object.fromEntries((await items.namespaces(root)).map(({ path, hasUnscored }) => [path, hasUnscored]));
}

async function pathsBelow(items: ItemRepository, root: string): Promise<string[]> {
  return (await items.namespaces(root)).map(({ path }) => path).sort();
}

/** Registers the cases of `clearUnscored`, `unregister` and `sweep`. */
export function registryCases(context: RepositoryContext): void {
  clearUnscoredCases(context);
  unregisterCases(context);
  sweepCases(context);
  peekCases(context);
  namespacesAfterCases(context);
}

function namespacesAfterCases(context: RepositoryContext): void {
  const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

  /** What all pages hold. */
  async function pathsOf(items: ItemRepository, prefix: string, limit: number): Promise<string[]> {
    const paths: string[] = [];
    let after: string | null = null;
    do {
      const page: NamespacePage = await items.namespacesAfter({ prefix, after, limit });
      const { next } = page;
      for (const path of page.paths) expect(next === null || byBytes(path, next) <= 0).toBe(true);
      paths.push(...page.paths);
      after = next;
    } while (after !== null);
    return paths;
  }

  describe("namespacesAfter", () => {
    test("meets each at or below a prefix once, in the order of bytes, whatever the page", async () => {
      const { items, root } = context();
      const labels = ["a", "a-b", "a!", "a/b", "b", "é", "～", "😀", ...upTo(40).map((n) => `n${n}`)];
      const paths = [root, ...labels.flatMap((label) => [join(root, label), join(root, `${label}.x`)])];
      await putAll(items, [...paths, `${root}-beside`, `${root}/beside`].map((path) => recordOf(path, "1")));
      for (const limit of [1, 7, 60, 1_000]) expect(await pathsOf(items, root, limit)).toEqual([...paths].sort(byBytes));
      expect(await pathsOf(items, join(root, "a"), 10)).toEqual([join(root, "a"), join(root, "a.x")]);
    });

    test("is one empty page where there is none, and does without the prefix where that holds none", async () => {
      const { items, root } = context();
      expect(await items.namespacesAfter({ prefix: root, after: null, limit: 5 })).toEqual({ paths: [], next: null });
      await putAll(items, [recordOf(join(root, "a"), "1")]);
      expect(await pathsOf(items, root, 5)).toEqual([join(root, "a")]);
    });
  });
}

function peekCases(context: RepositoryContext): void {
  describe("peek", () => {
    test("answers a record of each namespace at its position, and null of one that holds none", async () => {
      const { items, root } = context();
      const paths = Array.from({ length: 120 }, (_, i) => join(root, `n${i}`));
      const records = paths.filter((_, i) => i % 3 > 0).flatMap((path) => [recordOf(path, "a"), recordOf(path, "b")]);
      await putAll(items, records);
      const found = await items.peek(paths);
      expect(found.map((record) => record?.namespace ?? null)).toEqual(paths.map((path, i) => (i % 3 > 0 ? path : null)));
      for (const record of found) if (record !== null) expect(records).toContainEqual(record);
    });

    test("answers nothing to nothing", async () => {
      expect(await context().items.peek([])).toEqual([]);
    });

    test("never names a record of a namespace beside or below", async () => {
      const { items, root } = context();
      await putAll(items, [recordOf(join(root, "a.b"), "1"), recordOf(`${root}.a-b`, "1")]);
      expect(await items.peek([join(root, "a")])).toEqual([null]);
    });
  });
}

function clearUnscoredCases(context: RepositoryContext): void {
  describe("clearUnscored", () => {
    /** Writes records with their vectors. */
    async function putScored({ items, score }: TestedRepository, records: readonly ItemRecord[]): Promise<void> {
      await putAll(items, records);
      await score(records);
    }

    test("takes the flag off the namespaces named, and off no other", async () => {
      const tested = context();
      const { items, clock, root } = tested;
      const paths = ["a", "b", "a.below"].map((path) => join(root, path));
      const [a = "", b = "", below = ""] = paths;
      await putAll(items, paths.map((path) => recordOf(path, "1", { vectors: 0 })));
      await putScored(tested, paths.flatMap((path) => ["1", "2"].map((key) => recordOf(path, key))));
      expect(await flagsBelow(items, root)).toEqual({ [a]: true, [b]: true, [below]: true });
      clock.advance(LONG);
      await items.clearUnscored([a, join(root, "never there")], clock.now());
      expect(await flagsBelow(items, root)).toEqual({ [a]: false, [b]: true, [below]: true });
      expect(await listAll(items, a)).toHaveLength(2);
    });

    test("minds live items only", async () => {
      const tested = context();
      const { items, clock, root } = tested;
      await putAll(items, [recordOf(root, "deleted", { vectors: 0 })]);
      await putAll(items, [
        recordOf(root, "deleted", { value: null, vectors: 0 }),
        recordOf(root, "expired", { vectors: 0, expiresAt: Date.now() - 1_000 }),
      ]);
      await putScored(tested, [recordOf(root, "live")]);
      clock.advance(LONG);
      await items.clearUnscored([root], clock.now());
      expect(await flagsBelow(items, root)).toEqual({ [root]: false });
    });

    test("does nothing to a namespace without the flag, and nothing for no namespace", async () => {
      const tested = context();
      const { items, clock, root } = tested;
      await putScored(tested, [recordOf(root, "key")]);
      clock.advance(LONG);
      await items.clearUnscored([root], clock.now());
      await items.clearUnscored([], clock.now());
      expect(await flagsBelow(items, root)).toEqual({ [root]: false });
    });

    test("the next item without a vector sets the flag again", async () => {
      const tested = context();
      const { items, clock, root } = tested;
      const unscored = recordOf(root, "key", { vectors: 0 });
      await putAll(items, [unscored]);
      await putScored(tested, [recordOf(root, "key")]);
      clock.advance(LONG);
      await items.clearUnscored([root], clock.now());
      await putAll(items, [recordOf(root, "another", { vectors: 0 })]);
      expect(await flagsBelow(items, root)).toEqual({ [root]: true });
    });

    test("leaves a flag that was set since", async () => {
      const tested = context();
      const { items, clock, root } = tested;
      const [put, marked] = [join(root, "put"), join(root, "marked")];
      await putAll(items, [put, marked].map((path) => recordOf(path, "key", { vectors: 0 })));
      await putScored(tested, [put, marked].map((path) => recordOf(path, "key")));
      clock.advance(LONG);
      const asOf = clock.now();
      await putAll(items, [recordOf(put, "since", { vectors: 0 }), recordOf(marked, "pending")]);
      await items.markUnscored([marked]);
      await items.clearUnscored([put, marked], asOf);
      expect(await flagsBelow(items, root)).toEqual({ [put]: true, [marked]: true });
    });

    test("leaves a flag that was set before, on which an item written since relies", async () => {
      const { items, clock, root } = context();
      await putAll(items, [recordOf(root, "first", { vectors: 0 })]);
      clock.advance(MINUTE);
      const asOf = clock.now();
      await putAll(items, [recordOf(root, "second", { vectors: 0 })]);
      clock.advance(MINUTE);
      await items.clearUnscored([root], asOf);
      expect(await flagsBelow(items, root)).toEqual({ [root]: true });
    });
  });
}

function unregisterCases(context: RepositoryContext): void {
  describe("unregister", () => {
    test("takes the namespaces named off the registry, and no other", async () => {
      const { items, clock, root } = context();
      const [gone, above, below] = [join(root, "a.b"), join(root, "a"), join(root, "a.b.c")];
      await putAll(items, [gone, above, below].map((path) => recordOf(path, "key")));
      await putAll(items, [recordOf(gone, "key", { value: null })]);
      clock.advance(LONG);
      await items.unregister([gone, join(root, "never there")], clock.now());
      await items.unregister([], clock.now());
      expect(await pathsBelow(items, root)).toEqual([above, below]);
    });

    test("a namespace that was taken off is registered by the next put", async () => {
      const { items, clock, root } = context();
      await putAll(items, [recordOf(root, "key", { vectors: 0 })]);
      await putAll(items, [recordOf(root, "key", { value: null })]);
      clock.advance(LONG);
      await items.unregister([root], clock.now());
      expect(await pathsBelow(items, root)).toEqual([]);
      await putAll(items, [recordOf(root, "again", { vectors: 0 })]);
      expect(await flagsBelow(items, root)).toEqual({ [root]: true });
      expect(await listAll(items, root)).toHaveLength(1);
    });

    test("leaves an entry that was written since", async () => {
      const { items, clock, root } = context();
      await putAll(items, [recordOf(root, "key")]);
      await putAll(items, [recordOf(root, "key", { value: null })]);
      clock.advance(LONG);
      const asOf = clock.now();
      await putAll(items, [recordOf(root, "since")]);
      await items.unregister([root], asOf);
      expect(await pathsBelow(items, root)).toEqual([root]);
      expect(await listAll(items, root)).toHaveLength(1);
    });

    test("leaves an entry that was written before, on which an item written since relies", async () => {
      const { items, clock, root } = context();
      await putAll(items, [recordOf(root, "key")]);
      await putAll(items, [recordOf(root, "key", { value: null })]);
      clock.advance(MINUTE);
      const asOf = clock.now();
      await putAll(items, [recordOf(root, "since")]);
      clock.advance(MINUTE);
      await items.unregister([root], asOf);
      expect(await pathsBelow(items, root)).toEqual([root]);
    });
  });
}

/** Sweeps until nothing is left, and gives how much was removed. */
async function sweepAll(items: ItemRepository, limit: number): Promise<number> {
  let told = 0;
  for (let rounds = 0; ; rounds += 1) {
    const removed = await items.sweep(limit);
    expect(removed).toBeLessThanOrEqual(limit);
    if (removed === 0) return told;
    told += removed;
    expect(rounds, "a sweep has to come to its end").toBeLessThan(1_000);
  }
}

function sweepCases(context: RepositoryContext): void {
  describe("sweep", () => {
    test("leaves what is live, and what ended or was deleted no longer ago than clocks may differ", async () => {
      const { items, root } = context();
      const records = [
        recordOf(root, "live"),
        recordOf(root, "old", { version: (Date.now() - 48 * LONG) * 1000 }),
        recordOf(root, "ending", { expiresAt: Date.now() + MINUTE }),
        recordOf(root, "ended", { expiresAt: Date.now() - 50 * MINUTE }),
        recordOf(root, "deleted", { value: null, version: (Date.now() - 50 * MINUTE) * 1000 }),
      ];
      await putAll(items, records);
      await sweepAll(items, 10);
      await expectStored(items, records, records);
      expect((await listAll(items, root)).map(({ key }) => key).sort()).toEqual(["ending", "live", "old"]);
    });

    test("removes no more than its limit, and says how many", async () => {
      const { items, root } = context();
      const expiresAt = Date.now() - LONG;
      const version = (Date.now() - LONG) * 1000;
      const records = upTo(30).map((n) => recordOf(root, `${n}`, n % 2 === 0 ? { expiresAt } : { value: null, version }));
      await putAll(items, records);
      const left = async (): Promise<number> => (await items.get(records)).filter((record) => record !== null).length;
      const before = await left();
      expect(await items.sweep(0)).toBe(0);
      expect(await left()).toBe(before);
      const told = await sweepAll(items, 7);
      expect(before - (await left())).toBeLessThanOrEqual(told);
    });
  });
}
