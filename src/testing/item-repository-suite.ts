import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ItemId } from "../model/item.ts";
import { join } from "../model/namespace.ts";
import type { ItemRepository, ListPage, ListPosition } from "../ports/item-repository.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import { repositoryDeadlineCases } from "./deadline-cases.ts";
import { present, upTo } from "./expectations.ts";
import { filteredListingCases } from "./item-repository-filter.ts";
import { registryCases } from "./item-repository-registry.ts";
import { scanCases } from "./item-repository-scan.ts";
import { expectStored, flagsBelow, listAll, newRoot, nextVersion, plain, putAll, recordOf, registeredBelow } from "./records.ts";
import { SuiteClock, writeVectors, type RepositoryContext } from "./tested-repository.ts";

export { putAll, recordOf } from "./records.ts";

/** Options of the suite. */
export interface ItemRepositorySuite {
  /** Name of the repository in the report. */
  readonly name: string;
  /**
   * Makes a repository; it may hold other data. Called once.
   *
   * @param now - the clock to use, milliseconds since the epoch; cases advance it by hours
   */
  create(now: () => number): Promise<{
    readonly items: ItemRepository;
    /** The vector index, for a repository that reads it before it clears flags of missing vectors. */
    readonly vectors?: { readonly index: VectorIndex; readonly dims: number };
    dispose(): Promise<void>;
  }>;
  /** Timeout of a case, in milliseconds. 60,000 by default. */
  readonly timeoutMs?: number;
}

/** Labels and keys that reveal mistakes in escaping, truncation, normalization or sorting. */
const HOSTILE = [
  "\0", "a\0b", "a", "a\0", " ", "'", '"', "\\", "%", "_", ":", "/", "a/b", "-", "😀", "～", "é", "e\u0301", "ß", "SS",
  "\u202E", "\uFFFF", "\n", "null", "constructor", "__proto__", "'; DROP TABLE items; --", "x".repeat(5_000),
];

const keysOf = (records: readonly ItemId[]): string[] => records.map(({ key }) => key);

/**
 * Registers vitest cases that verify a repository against the contract of `ItemRepository`. Each uses its own namespace.
 */
export function itemRepositorySuite(suite: ItemRepositorySuite): void {
  describe(`${suite.name} keeps the contract of ItemRepository`, { timeout: suite.timeoutMs ?? 60_000 }, () => {
    const clock = new SuiteClock();
    let made: Awaited<ReturnType<ItemRepositorySuite["create"]>> | undefined;
    beforeAll(async () => {
      made = await suite.create(clock.now);
    }, 600_000);
    afterEach(() => clock.reset());
    afterAll(async () => made?.dispose(), 600_000);
    const repository = (): ItemRepository => present(made, "the repository").items;
    const context: RepositoryContext = () => {
      const { items, vectors } = present(made, "the repository");
      return { items, clock, root: newRoot(), score: (records) => writeVectors(vectors, records) };
    };
    readCases(repository);
    versionCases(repository);
    scanCases(context);
    listingCases(repository);
    filteredListingCases(repository);
    registryCases(context);
    namespaceCases(repository);
    hostileTextCases(repository);
    repositoryDeadlineCases(context);
  });
}

function readCases(repository: () => ItemRepository): void {
  describe("get and put", () => {
    test("an empty call does nothing", async () => {
      expect(await repository().get([])).toEqual([]);
      expect(await repository().put([])).toEqual([]);
    });

    test("reads back all that a record holds, right after the write was acknowledged", async () => {
      const root = newRoot();
      const records = [
        recordOf(root, "plain", { value: { text: "hello", nested: { list: [1, null, true] } } }),
        recordOf(root, "typed", { value: { at: new Date(0), big: 2n ** 70n, bytes: new Uint8Array([0, 255]) } }),
        recordOf(root, "unindexed", { index: false, vectorCount: 0 }),
        recordOf(root, "paths", { index: ["a.b", "$"], vectorCount: 3 }),
        recordOf(root, "leaving", { expiresAt: Date.now() + 3_600_000 }),
        recordOf(root, "updated", { created: nextVersion() - 5_000_000 }),
        recordOf(root, "empty", { value: {} }),
        recordOf(root, "deleted", { value: null }),
      ];
      await putAll(repository(), records);
      await expectStored(repository(), records, records);
    });

    test("an id that repeats takes the memory of one record", async () => {
      const root = newRoot();
      const record = recordOf(root, "big", { value: { text: "x".repeat(1024 * 1024) } });
      await putAll(repository(), [record]);
      const found = await repository().get(upTo(200).map(() => ({ namespace: root, key: "big" })));
      const buffers = new Set(found.map((each) => present(each?.value, "the value").bytes.buffer));
      expect(found).toHaveLength(200);
      expect(buffers.size).toBe(1);
    });

    test("many big records are read, each at its position", async () => {
      const root = newRoot();
      const keys = upTo(10).map((n) => `key-${n}`);
      for (const key of keys) await putAll(repository(), [recordOf(root, key, { value: { key, text: "x".repeat(3 * 1024 * 1024) } })]);
      const found = await repository().get([...keys, "none", ...keys].map((key) => ({ namespace: root, key })));
      expect(found.map((each) => each?.key ?? null)).toEqual([...keys, null, ...keys]);
      let after: ListPosition | null = null;
      const listed: string[] = [];
      do {
        const page: ListPage = await repository().list({ namespace: root, order: "oldest", after, limit: 100 });
        expect(page.records.reduce((sum, { value }) => sum + value.bytes.byteLength, 0)).toBeLessThan(20 * 1024 * 1024);
        listed.push(...page.records.map(({ key }) => key));
        after = page.next;
      } while (after !== null);
      expect(listed).toEqual(keys);
    });

    test("answers null for what is not there, in its place, and ids may repeat", async () => {
      const root = newRoot();
      const record = recordOf(root, "there");
      await putAll(repository(), [record]);
      const missing = { namespace: root, key: "missing" };
      const elsewhere = { namespace: join(root, "below"), key: "there" };
      const ids = [missing, record, elsewhere, record, missing];
      await expectStored(repository(), [null, record, null, record, null], ids);
    });

    test("reads an expired record and the marker of a delete", async () => {
      const root = newRoot();
      const expired = recordOf(root, "expired", { expiresAt: Date.now() - 1_000 });
      const marker = recordOf(root, "gone", { value: null });
      await putAll(repository(), [recordOf(root, "gone", { version: marker.version - 1 })]);
      await putAll(repository(), [expired, marker]);
      await expectStored(repository(), [expired, marker], [expired, marker]);
    });

    test("keeps a value of 1 MB", async () => {
      const root = newRoot();
      const big = recordOf(root, "big", { value: { text: "é😀".repeat(170_000) } });
      await putAll(repository(), [recordOf(root, "small"), big]);
      await expectStored(repository(), [big], [big]);
      expect((await listAll(repository(), root)).map(plain)).toContainEqual(plain(big));
    });

    test("takes many records in one call and answers at their positions", async () => {
      const root = newRoot();
      const records = upTo(700).map((n) => recordOf(join(root, `n${n % 7}`), `key ${n}`, { value: { n } }));
      const outcomes = await repository().put(records);
      expect(outcomes).toEqual(records.map(() => ({ status: "fulfilled", value: undefined })));
      const reversed = [...records].reverse();
      await expectStored(repository(), reversed, reversed);
    });

    test("every reader sees a write once it is acknowledged, under load", async () => {
      const root = newRoot();
      await Promise.all(
        upTo(100).map(async (n) => {
          const record = recordOf(root, `key ${n}`, { value: { n } });
          await putAll(repository(), [record]);
          await expectStored(repository(), [record], [record]);
        }),
      );
    });
  });
}

function versionCases(repository: () => ItemRepository): void {
  describe("versions", () => {
    test("a higher version replaces the record as a whole", async () => {
      const root = newRoot();
      const first = recordOf(root, "key", { value: { a: 1 }, index: ["a"], expiresAt: Date.now() + 60_000, vectorCount: 2 });
      const second = recordOf(root, "key", { value: { b: 2 } });
      await putAll(repository(), [first]);
      await putAll(repository(), [second]);
      await expectStored(repository(), [second], [second]);
    });

    test("an older write that comes late changes nothing and succeeds", async () => {
      const root = newRoot();
      const older = recordOf(root, "key", { value: { is: "older" } });
      const newer = recordOf(root, "key", { value: { is: "newer" } });
      await putAll(repository(), [newer]);
      await putAll(repository(), [older]);
      await expectStored(repository(), [newer], [newer]);
    });

    test("an older put does not bring back what was deleted, a newer one does", async () => {
      const root = newRoot();
      const [older, marker, newer] = [{}, { value: null }, { value: { again: true } }].map((parts) =>
        recordOf(root, "key", parts),
      );
      await putAll(repository(), [present(marker)]);
      await putAll(repository(), [present(older)]);
      await expectStored(repository(), [present(marker)], [present(marker)]);
      await putAll(repository(), [present(newer)]);
      await expectStored(repository(), [present(newer)], [present(newer)]);
      expect(await listAll(repository(), root)).toHaveLength(1);
    });

    test("writing a record again changes nothing", async () => {
      const root = newRoot();
      const record = recordOf(root, "key");
      await putAll(repository(), [record]);
      await putAll(repository(), [record]);
      await expectStored(repository(), [record], [record]);
      expect(await listAll(repository(), root)).toHaveLength(1);
    });

    test("of two writes with one version one stays whole, the same whichever came first", async () => {
      const root = newRoot();
      for (const n of upTo(20)) {
        const version = nextVersion();
        const one = recordOf(root, "", { version, value: { by: "one", n }, vectorCount: 2, created: version - n });
        const two = recordOf(root, "", { version, value: { by: "two", n }, expiresAt: Date.now() + 60_000 });
        const [x, y] = [`${n} one first`, `${n} two first`];
        await putAll(repository(), [{ ...one, key: x }, { ...two, key: y }]);
        await putAll(repository(), [{ ...two, key: x }, { ...one, key: y }]);
        const [first, second] = await repository().get([{ namespace: root, key: x }, { namespace: root, key: y }]);
        const winner = present(first).writeId === one.writeId ? one : two;
        expect([plain({ ...present(first), key: "" }), plain({ ...present(second), key: "" })]).toEqual([
          plain(winner),
          plain(winner),
        ]);
      }
    });

    test("concurrent puts to one key leave the highest version", async () => {
      const root = newRoot();
      const records = upTo(60).map((n) => recordOf(root, "hot", { value: { n } }));
      const highest = present(records.at(-1));
      const shuffled = [...records].sort((a, b) => (a.writeId < b.writeId ? -1 : 1));
      await Promise.all(shuffled.map((record) => putAll(repository(), [record])));
      await expectStored(repository(), [highest], [highest]);
    });
  });
}

function listingCases(repository: () => ItemRepository): void {
  describe("list", () => {
    test("goes by creation, then by the bytes of the key, in both directions and at any page size", async () => {
      const root = newRoot();
      const created = nextVersion();
      // In UTF-16 the emoji comes before the wide tilde, in UTF-8 after it.
      const keys = ["", "A", "a", "a\0", "aa", "b", "é", "～", "😀"];
      const older = recordOf(root, "zz", { created: created - 10, version: created });
      const newer = recordOf(root, "0", { created: created + 10, version: created + 20 });
      const same = keys.map((key) => recordOf(root, key, { created, version: created }));
      await putAll(repository(), [newer, ...[...same].reverse(), older]);
      const expected = ["zz", ...keys, "0"];
      for (const limit of [1, 2, 5, 11, 1_000]) {
        expect(keysOf(await listAll(repository(), root, "oldest", limit))).toEqual(expected);
        expect(keysOf(await listAll(repository(), root, "newest", limit))).toEqual([...expected].reverse());
      }
    });

    test("gives whole records, of exactly this namespace", async () => {
      const root = newRoot();
      const record = recordOf(join(root, "user1"), "key", { value: { text: "mine" }, index: ["text"], vectorCount: 4 });
      const others = ["user10", "user", "user1.below", "User1", "user1 "].map((path) => recordOf(join(root, path), "key"));
      await putAll(repository(), [record, ...others, recordOf(root, "key")]);
      expect((await listAll(repository(), record.namespace)).map(plain)).toEqual([plain(record)]);
    });

    test("an update does not move an item, and is what is listed", async () => {
      const root = newRoot();
      const first = ["a", "b", "c"].map((key) => recordOf(root, key));
      for (const record of first) await putAll(repository(), [record]);
      const [a] = first;
      const update = recordOf(root, "a", { created: present(a).created, value: { updated: true } });
      await putAll(repository(), [update]);
      const listed = await listAll(repository(), root);
      expect(keysOf(listed)).toEqual(["a", "b", "c"]);
      expect(plain(present(listed[0]))).toEqual(plain(update));
    });

    test("an item that was deleted and put again stands once, at its new place", async () => {
      const root = newRoot();
      await putAll(repository(), [recordOf(root, "a"), recordOf(root, "b")]);
      await putAll(repository(), [recordOf(root, "a", { value: null })]);
      expect(keysOf(await listAll(repository(), root))).toEqual(["b"]);
      await putAll(repository(), [recordOf(root, "a")]);
      expect(keysOf(await listAll(repository(), root, "oldest", 1))).toEqual(["b", "a"]);
    });

    test("leaves out expired items and deleted ones, however many", async () => {
      const root = newRoot();
      const count = 600;
      await putAll(repository(), upTo(count).map((n) => recordOf(root, `deleted ${n}`)));
      await putAll(repository(), upTo(count).map((n) => recordOf(root, `deleted ${n}`, { value: null })));
      const expiresAt = Date.now() - 1_000;
      await putAll(repository(), upTo(count).map((n) => recordOf(root, `expired ${n}`, { expiresAt })));
      await putAll(repository(), [recordOf(root, "live", { expiresAt: Date.now() + 3_600_000 })]);
      for (const limit of [1, 10, 1_000]) {
        expect(keysOf(await listAll(repository(), root, "oldest", limit))).toEqual(["live"]);
        expect(keysOf(await listAll(repository(), root, "newest", limit))).toEqual(["live"]);
      }
    });

    test("goes on from a place whose item has gone, while items come and go", async () => {
      const root = newRoot();
      const records = ["a", "b", "c", "d"].map((key) => recordOf(root, key));
      await putAll(repository(), records);
      const page = await repository().list({ namespace: root, order: "oldest", after: null, limit: 2 });
      expect(keysOf(page.records)).toEqual(["a", "b"]);
      await putAll(repository(), [recordOf(root, "b", { value: null }), recordOf(root, "e")]);
      const rest = await repository().list({ namespace: root, order: "oldest", after: page.next, limit: 100 });
      expect(keysOf(rest.records)).toEqual(["c", "d", "e"]);
    });

    test("a namespace that was never written to has one empty page", async () => {
      const page = await repository().list({ namespace: newRoot(), order: "newest", after: null, limit: 5 });
      expect(page).toEqual({ records: [], next: null });
    });

    test("reaches every one of 5,500 items", { timeout: 600_000 }, async () => {
      const root = newRoot();
      const keys = upTo(5_500).map((n) => `key ${String(n).padStart(5, "0")}`);
      for (let start = 0; start < keys.length; start += 500) {
        await putAll(repository(), keys.slice(start, start + 500).map((key) => recordOf(root, key)));
      }
      expect(keysOf(await listAll(repository(), root, "oldest", 1_000))).toEqual(keys);
      expect(keysOf(await listAll(repository(), root, "newest", 2_000))).toEqual([...keys].reverse());
    });
  });
}

function namespaceCases(repository: () => ItemRepository): void {
  describe("namespaces", () => {
    test("names those at or below a prefix, by whole labels", async () => {
      const root = newRoot();
      const below = ["user1", "user1.a", "user1.a.b", "user10", "user1 ", "user1-", "user1/a", "user"];
      const paths = below.map((path) => join(root, path));
      await putAll(repository(), paths.map((path) => recordOf(path, "key")));
      expect((await registeredBelow(repository(), root)).sort()).toEqual([...paths].sort());
      const mine = ["user1", "user1.a", "user1.a.b"].map((path) => join(root, path));
      expect((await registeredBelow(repository(), join(root, "user1"))).sort()).toEqual(mine);
      expect((await registeredBelow(repository(), join(root, "user1.a.b"))).sort()).toEqual(mine.slice(2));
      expect(await registeredBelow(repository(), join(root, "use"))).toEqual([]);
    });

    test("below the root of the store lie all", async () => {
      const paths = [newRoot(), join(newRoot(), "below")];
      await putAll(repository(), paths.map((path) => recordOf(path, "key")));
      expect((await registeredBelow(repository(), "")).sort()).toEqual(expect.arrayContaining(paths));
    });

    test("names one whose other items are deleted or expired", async () => {
      const root = newRoot();
      await putAll(repository(), [
        recordOf(root, "deleted", { value: null }),
        recordOf(root, "expired", { expiresAt: Date.now() - 1_000 }),
        recordOf(root, "live"),
      ]);
      expect((await registeredBelow(repository(), root)).sort()).toEqual([root]);
    });

    test("remembers that some item has had no vector, also once all have one", async () => {
      const root = newRoot();
      const [scored, mixed] = [join(root, "scored"), join(root, "mixed")];
      await putAll(repository(), [recordOf(scored, "a"), recordOf(mixed, "a"), recordOf(mixed, "b", { vectorCount: 0 })]);
      const flags = (): Promise<Record<string, boolean>> => flagsBelow(repository(), root);
      expect(await flags()).toEqual({ [scored]: false, [mixed]: true });
      await putAll(repository(), [recordOf(mixed, "b"), recordOf(scored, "gone", { value: null, vectorCount: 0 })]);
      expect((await flags())[mixed]).toBe(true);
    });
  });
}

function hostileTextCases(repository: () => ItemRepository): void {
  /** Puts one item at each id, and expects each on every route, and nothing else. */
  async function expectDistinct(root: string, ids: readonly ItemId[]): Promise<void> {
    const records = ids.map(({ namespace, key }, n) => recordOf(join(root, namespace), key, { value: { n } }));
    await putAll(repository(), records);
    await expectStored(repository(), records, records);
    const byNamespace = Map.groupBy(records, ({ namespace }) => namespace);
    expect((await registeredBelow(repository(), root)).sort()).toEqual([...byNamespace.keys()].sort());
    for (const [namespace, inside] of byNamespace) {
      expect((await listAll(repository(), namespace, "oldest", 7)).map(plain)).toEqual(inside.map(plain));
    }
  }

  describe("hostile text", () => {
    test("keys", async () => {
      await expectDistinct(newRoot(), ["", ".", "a.b", ...HOSTILE].map((key) => ({ namespace: "keys", key })));
    });

    test("labels", async () => {
      await expectDistinct(newRoot(), HOSTILE.map((namespace) => ({ namespace, key: "key" })));
    });

    test("the longest path and key", async () => {
      const label = "é".repeat(4_000);
      await expectDistinct(newRoot(), [
        { namespace: label, key: "k".repeat(32_768) },
        { namespace: `${label}.${label}`, key: "k".repeat(32_767) },
      ]);
    });

    test("the longest path, of an item without vectors", async () => {
      const namespace = join(newRoot(), `${"é".repeat(4_000)}.${"é".repeat(4_000)}`);
      await putAll(repository(), [recordOf(namespace, "key", { vectorCount: 0 })]);
      expect(await flagsBelow(repository(), namespace)).toEqual({ [namespace]: true });
    });

    test("any well-formed text", { timeout: 600_000 }, async () => {
      const label = fc.oneof(
        fc.constantFrom(...HOSTILE.filter((text) => text.length < 50)),
        fc.string({ unit: "binary", minLength: 1, maxLength: 8 }).map((text) => text.replaceAll(".", ":")),
      );
      const id = fc.record({
        namespace: fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join(".")),
        key: fc.oneof(label, fc.string({ unit: "binary", maxLength: 12 })),
      });
      const selector = ({ namespace, key }: ItemId): string => JSON.stringify([namespace, key]);
      const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 8, selector });
      await fc.assert(fc.asyncProperty(ids, (each) => expectDistinct(newRoot(), each)), { numRuns: 25 });
    });
  });
}
