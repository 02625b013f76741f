/** Cases about the registry of namespaces, and about sweeps of expired and deleted records. */
import { describe, expect, test } from "vitest";
import type { ItemRecord } from "../model/item.ts";
import { compareLabels, join, toLabels } from "../model/namespace.ts";
import type { NamespaceStart } from "../model/namespace-place.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import { upTo } from "./expectations.ts";
import { expectStored, flagsBelow, listAll, putAll, recordOf, registeredBelow } from "./records.ts";
import type { RepositoryContext, TestedRepository } from "./tested-repository.ts";

const MINUTE = 60_000;
/** Longer than the TTL of the registration cache. */
const LONG = 120 * MINUTE;

async function pathsBelow(items: ItemRepository, root: string): Promise<string[]> {
  return (await registeredBelow(items, root)).sort();
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
  const labels = ["a", "a-b", "a!", "a/b", "a\0", "b", "é", "\uE000", "～", "😀", "\u{10FFFF}", ...upTo(40).map((n) => `n${n}`)];
  const inOrder = (paths: readonly string[]): string[] => [...paths].sort((a, b) => compareLabels(toLabels(a), toLabels(b)));

  describe("namespacesAfter", () => {
    test("names each at or below a prefix once, in label order, however long the pages", async () => {
      const { items, root } = context();
      const paths = [root, ...labels.flatMap((label) => [join(root, label), join(root, `${label}.x`)])];
      await putAll(items, [...paths, `${root}-beside`, `${root}/beside`].map((path) => recordOf(path, "1")));
      for (const limit of [1, 7, 60, 1_000]) expect(await registeredBelow(items, root, { limit })).toEqual(inOrder(paths));
      expect(await registeredBelow(items, join(root, "a"), { limit: 10 })).toEqual([join(root, "a"), join(root, "a.x")]);
    });

    test("names roots in label order, too", async () => {
      const { items, root } = context();
      const paths = labels.flatMap((label) => [`${root}${label}`, `${root}${label}.below`]);
      await putAll(items, paths.map((path) => recordOf(path, "1")));
      const within = async (unscored: boolean, limit: number): Promise<string[]> =>
        (await registeredBelow(items, "", { unscored, limit })).filter((path) => path.startsWith(root));
      for (const limit of [9, 1_000]) expect(await within(false, limit)).toEqual(inOrder(paths));
      expect(await within(true, 9)).toEqual([]);
      await items.markUnscored([paths[3] as string, paths[10] as string]);
      expect(await within(true, 9)).toEqual(inOrder([paths[3] as string, paths[10] as string]));
    });

    test("starts at a path, after it, or past everything below it", async () => {
      const { items, root } = context();
      const paths = ["a", "a.x", "a.y", "a\0", "a!", "b"].map((path) => join(root, path));
      await putAll(items, paths.map((path) => recordOf(path, "1")));
      const from = (path: string, start: NamespaceStart["from"], prefix = root): Promise<string[]> =>
        registeredBelow(items, prefix, { from: { path: join(root, path), from: start }, limit: 2 });
      expect(await from("a.x", "at")).toEqual(paths.slice(1));
      expect(await from("a.x", "after")).toEqual(paths.slice(2));
      expect(await from("a", "after")).toEqual(paths.slice(1));
      expect(await from("a", "past")).toEqual(paths.slice(3));
      expect(await from("a.never there", "after", join(root, "a"))).toEqual(paths.slice(1, 3));
      expect(await from("a.z", "past", join(root, "a"))).toEqual([]);
    });

    test("returns only unscored namespaces when requested, below any prefix", async () => {
      const { items, root } = context();
      const paths = ["a", "a.x", "b", "b.x"].map((path) => join(root, path));
      await putAll(items, paths.map((path, n) => recordOf(path, "1", { vectorCount: n % 2 })));
      expect(await registeredBelow(items, root, { unscored: true, limit: 1 })).toEqual([paths[0], paths[2]]);
      expect(await registeredBelow(items, join(root, "b"), { unscored: true })).toEqual([paths[2]]);
      expect((await registeredBelow(items, "", { unscored: true })).filter((path) => path.startsWith(root))).toEqual([paths[0], paths[2]]);
    });

    test("returns one empty page where there is none, and leaves out the prefix where that holds none", async () => {
      const { items, root } = context();
      expect(await items.namespacesAfter({ prefix: root, from: null, limit: 5, unscored: false })).toEqual({ paths: [], next: null });
      await putAll(items, [recordOf(join(root, "a"), "1")]);
      expect(await registeredBelow(items, root, { limit: 5 })).toEqual([join(root, "a")]);
    });

    test("a namespace that was unregistered is named neither below its prefix nor below the root", async () => {
      const { items, clock, root } = context();
      await putAll(items, [recordOf(root, "key", { vectorCount: 0 })]);
      await putAll(items, [recordOf(root, "key", { value: null })]);
      clock.advance(LONG);
      await items.unregister([root], clock.now());
      for (const prefix of [root, ""]) {
        for (const unscored of [false, true]) expect(await registeredBelow(items, prefix, { unscored })).not.toContain(root);
      }
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
      // The bytes of a value may be left out.
      const heads = records.map((record) => ({ ...record, value: expect.anything() as unknown }));
      for (const record of found) if (record !== null) expect(heads).toContainEqual(record);
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

    test("clears the flag of the given namespaces, and of no other", async () => {
      const tested = context();
      const { items, clock, root } = tested;
      const paths = ["a", "b", "a.below"].map((path) => join(root, path));
      const [a = "", b = "", below = ""] = paths;
      await putAll(items, paths.map((path) => recordOf(path, "1", { vectorCount: 0 })));
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
      await putAll(items, [recordOf(root, "deleted", { vectorCount: 0 })]);
      await putAll(items, [
        recordOf(root, "deleted", { value: null, vectorCount: 0 }),
        recordOf(root, "expired", { vectorCount: 0, expiresAt: Date.now() - 1_000 }),
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
      const unscored = recordOf(root, "key", { vectorCount: 0 });
      await putAll(items, [unscored]);
      await putScored(tested, [recordOf(root, "key")]);
      clock.advance(LONG);
      await items.clearUnscored([root], clock.now());
      await putAll(items, [recordOf(root, "another", { vectorCount: 0 })]);
      expect(await flagsBelow(items, root)).toEqual({ [root]: true });
    });

    test("leaves a flag that was set since", async () => {
      const tested = context();
      const { items, clock, root } = tested;
      const [put, marked] = [join(root, "put"), join(root, "marked")];
      await putAll(items, [put, marked].map((path) => recordOf(path, "key", { vectorCount: 0 })));
      await putScored(tested, [put, marked].map((path) => recordOf(path, "key")));
      clock.advance(LONG);
      const asOf = clock.now();
      await putAll(items, [recordOf(put, "since", { vectorCount: 0 }), recordOf(marked, "pending")]);
      await items.markUnscored([marked]);
      await items.clearUnscored([put, marked], asOf);
      expect(await flagsBelow(items, root)).toEqual({ [put]: true, [marked]: true });
    });

    test("leaves a flag that was set before, on which an item written since relies", async () => {
      const { items, clock, root } = context();
      await putAll(items, [recordOf(root, "first", { vectorCount: 0 })]);
      clock.advance(MINUTE);
      const asOf = clock.now();
      await putAll(items, [recordOf(root, "second", { vectorCount: 0 })]);
      clock.advance(MINUTE);
      await items.clearUnscored([root], asOf);
      expect(await flagsBelow(items, root)).toEqual({ [root]: true });
    });
  });
}

function unregisterCases(context: RepositoryContext): void {
  describe("unregister", () => {
    test("unregisters the given namespaces, and no other", async () => {
      const { items, clock, root } = context();
      const [gone, above, below] = [join(root, "a.b"), join(root, "a"), join(root, "a.b.c")];
      await putAll(items, [gone, above, below].map((path) => recordOf(path, "key")));
      await putAll(items, [recordOf(gone, "key", { value: null })]);
      clock.advance(LONG);
      await items.unregister([gone, join(root, "never there")], clock.now());
      await items.unregister([], clock.now());
      expect(await pathsBelow(items, root)).toEqual([above, below]);
    });

    test("the next put registers an unregistered namespace again", async () => {
      const { items, clock, root } = context();
      await putAll(items, [recordOf(root, "key", { vectorCount: 0 })]);
      await putAll(items, [recordOf(root, "key", { value: null })]);
      clock.advance(LONG);
      await items.unregister([root], clock.now());
      expect(await pathsBelow(items, root)).toEqual([]);
      await putAll(items, [recordOf(root, "again", { vectorCount: 0 })]);
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

/** Sweeps until nothing is left, and returns the number of removed records. */
async function sweepAll(items: ItemRepository, limit: number): Promise<number> {
  let removedInAll = 0;
  for (let rounds = 0; ; rounds += 1) {
    const removed = await items.sweep(limit);
    expect(removed).toBeLessThanOrEqual(limit);
    if (removed === 0) return removedInAll;
    removedInAll += removed;
    expect(rounds, "a sweep has to come to its end").toBeLessThan(1_000);
  }
}

function sweepCases(context: RepositoryContext): void {
  describe("sweep", () => {
    test("keeps live records, and those that expired or were deleted within the tolerated clock skew", async () => {
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
      const removedInAll = await sweepAll(items, 7);
      expect(before - (await left())).toBeLessThanOrEqual(removedInAll);
    });
  });
}
