import fc from "fast-check";
import { expect, test } from "vitest";
import { inLabelOrder } from "../../../src/core/namespace-order.ts";
import { compareLabels, comparePaths, toLabels } from "../../../src/model/namespace.ts";
import type { ItemRepository, NamespacePage, NamespaceQuery } from "../../../src/ports/item-repository.ts";

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Namespaces in the order of bytes, in pages of any size; counts what is read. */
class Registry implements Pick<ItemRepository, "namespaces" | "namespacesAfter"> {
  readonly #paths: readonly string[];
  readonly #pageSize: (limit: number) => number;
  requests = 0;
  read = 0;

  constructor(paths: readonly string[], pageSize: (limit: number) => number = (limit) => limit) {
    this.#paths = [...paths].sort(byBytes);
    this.#pageSize = pageSize;
  }

  async namespaces(): Promise<{ path: string; hasUnscored: boolean }[]> {
    return this.#paths.map((path) => ({ path, hasUnscored: false }));
  }

  async namespacesAfter({ prefix, after, limit }: NamespaceQuery): Promise<NamespacePage> {
    this.requests += 1;
    const isBelow = (path: string): boolean => path === prefix || path.startsWith(`${prefix}.`);
    const rest = this.#paths.filter((path) => isBelow(path) && (after === null || byBytes(path, after) > 0));
    const paths = rest.slice(0, Math.max(1, this.#pageSize(limit)));
    this.read += paths.length;
    return { paths, next: paths.length < rest.length ? (paths.at(-1) ?? null) : null };
  }
}

async function ordered(registry: Registry, prefix: string, wanted = Infinity): Promise<string[]> {
  const paths: string[] = [];
  for await (const part of inLabelOrder(registry as unknown as ItemRepository, prefix)) {
    paths.push(...part);
    if (paths.length >= wanted) break;
  }
  return paths;
}

const label = fc.string({ unit: fc.constantFrom("a", "b", "-", "!", " ", "/", "0", "\uE000", "\uFFFD", "é", "😀", "\0"), minLength: 1, maxLength: 4 });
const path = fc.array(label, { minLength: 0, maxLength: 4 }).map((labels) => ["root", ...labels].join("."));

test("every namespace comes once and in label order, however pages are cut", async () => {
  const property = fc.asyncProperty(fc.uniqueArray(path, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), async (paths, size) => {
    const expected = [...paths].sort((a, b) => compareLabels(toLabels(a), toLabels(b)));
    expect(await ordered(new Registry(paths, () => size), "root")).toEqual(expected);
    expect(await ordered(new Registry(paths), "")).toEqual(expected);
  });
  await fc.assert(property, { numRuns: 2_000 });
});

test("paths are ordered as their labels are", () => {
  const property = fc.property(path, path, (a, b) => {
    expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(compareLabels(toLabels(a), toLabels(b))));
  });
  fc.assert(property, { numRuns: 5_000 });
});

test.each([
  ["numbers", (n: number) => `user${n}`],
  ["names that are parted by a hyphen", (n: number) => `user-${n}`],
  ["dates", (n: number) => `2026-${n % 12}-${n}`],
  ["random ids", (n: number) => `${(n * 2_654_435_761) % 4_294_967_296}-${n}-${n * 7}`],
])("performance pin: the first hundred of 10,000 %s take a few hundred reads", async (_, name) => {
  const paths = Array.from({ length: 10_000 }, (__, n) => `root.${name(n)}.memories`);
  const registry = new Registry(paths);
  const found = await ordered(registry, "root", 100);
  expect(found.slice(0, 100)).toEqual([...paths].sort(comparePaths).slice(0, 100));
  expect(registry.read).toBeLessThan(1_000);
  expect(registry.requests).toBeLessThan(10);
});
