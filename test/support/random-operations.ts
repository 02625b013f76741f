/** Random operations return the same results on a real store as on the plain model. */
import fc from "fast-check";
import type { Item, Operation, SearchItem } from "@langchain/langgraph-checkpoint";
import { TableEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PlainModel, type ModelOperation, type ModelResult } from "./plain-model.ts";
import { uniqueName, type MakeStore, type TestStore } from "./stores.ts";

/** Words on a circle at angles with distinct differences, so no two words are equally similar to a third. */
const ANGLES: Readonly<Record<string, number>> = { tea: 0, coffee: 0.31, milk: 0.83, iron: 1.71, gold: 2.77 };
const words = Object.keys(ANGLES);
const vectors = Object.fromEntries(words.map((word) => [word, [Math.cos(angle(word)), Math.sin(angle(word))]]));

function angle(word: string): number {
  return ANGLES[word] ?? 0;
}

const namespace = fc.constantFrom(["a"], ["a", "b"], ["a", "bc"], ["a!"], ["a:b"], ["%", "_"], ["é", "👩‍👩‍👧"]);
const key = fc.constantFrom("k", "K", "", "a/b.md", "é", "x y");
const scalar = fc.oneof(fc.constantFrom(...words), fc.integer({ min: -2, max: 2 }), fc.boolean(), fc.constant(null));
const value = fc
  .record({ text: fc.constantFrom(...words), note: fc.constantFrom(...words), n: scalar, meta: fc.record({ n: scalar }) }, { requiredKeys: [] })
  .map((fields) => ({ ...fields }));
const index = fc.constantFrom(undefined, undefined, undefined, false as const, ["note"], ["text", "note"], []);

const comparison = fc.oneof(
  scalar,
  fc.record({ $ne: scalar }),
  fc.record({ $in: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ $nin: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ $gt: fc.integer({ min: -2, max: 2 }) }),
  fc.record({ $gte: fc.constantFrom(...words), $lt: fc.constantFrom(...words) }),
  fc.record({ $exists: fc.boolean() }),
);
const fields = fc.dictionary(fc.constantFrom("text", "n", "meta.n", "gone"), comparison, { minKeys: 1, maxKeys: 2, noNullPrototype: true });
const filter = fc.oneof(
  { weight: 3, arbitrary: fields },
  fc.record({ $or: fc.array(fields, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $not: fields }),
);

const put = fc.record({ namespace, key, value, index }).map(({ index: chosen, ...rest }) => ({
  ...rest,
  ...(chosen === undefined ? {} : { index: chosen }),
}));
const search = fc.record(
  {
    namespacePrefix: fc.oneof(fc.constant([]), namespace),
    query: fc.constantFrom(...words),
    filter,
    limit: fc.integer({ min: 0, max: 12 }),
    offset: fc.integer({ min: 0, max: 6 }),
  },
  { requiredKeys: ["namespacePrefix", "limit", "offset"] },
);
const list = fc.record(
  {
    matchConditions: fc.array(
      fc.record({
        matchType: fc.constantFrom("prefix" as const, "suffix" as const),
        path: fc.array(fc.constantFrom("a", "b", "*", "a:b"), { minLength: 1, maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
    maxDepth: fc.integer({ min: 1, max: 2 }),
    limit: fc.integer({ min: 0, max: 8 }),
    offset: fc.integer({ min: 0, max: 2 }),
  },
  { requiredKeys: ["limit", "offset", "matchConditions"] },
);
const operation: fc.Arbitrary<ModelOperation> = fc.oneof(
  { weight: 5, arbitrary: put },
  { weight: 1, arbitrary: fc.record({ namespace, key, value: fc.constant(null) }) },
  { weight: 1, arbitrary: fc.record({ namespace, key }) },
  { weight: 3, arbitrary: search },
  { weight: 1, arbitrary: list },
);
/** Steps of pages by offset between writes: few listings, so that pages continue from each other. */
const pageOf = fc.record({
  namespacePrefix: fc.constantFrom([], ["a"], ["a", "b"]),
  filter: fc.constantFrom({}, { n: 1 }),
  limit: fc.constantFrom(1, 2, 3),
  offset: fc.integer({ min: 0, max: 12 }),
});
const pagedPut = fc.record({ namespace: fc.constantFrom(["a"], ["a", "b"], ["a", "b", "c"], ["b"]), key: fc.constantFrom(..."defghi"), n: fc.integer({ min: 0, max: 1 }) });
const step: fc.Arbitrary<ModelOperation> = fc.oneof(
  { weight: 5, arbitrary: pageOf },
  { weight: 1, arbitrary: pagedPut.map(({ n, ...id }) => ({ ...id, value: { n } })) },
  { weight: 1, arbitrary: pagedPut.map(({ namespace: labels, key: name }) => ({ namespace: labels, key: name, value: null })) },
);
const SEEDED: readonly ModelOperation[] = ["a", "a.b", "a.b.c", "b"].flatMap((path) =>
  [..."defgh"].map((name, i) => ({ namespace: path.split("."), key: name, value: { n: i % 2 } })),
);

const history = fc.array(fc.array(operation, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 10 });

/** Registers the test for one kind of store; `runs` histories, each in its own scope. */
export function randomOperations(name: string, makeStore: MakeStore, runs: number): void {
  describe(`random operations on ${name}`, () => {
    let made: TestStore | undefined;
    beforeAll(async () => {
      made = await makeStore({ index: { dims: 2, embeddings: new TableEmbeddings({ dims: 2, table: vectors }), fields: ["text"] } });
    });
    afterAll(() => made?.dispose());

    test("return the results of a plain model", async () => {
      await fc.assert(
        fc.asyncProperty(history, async (batches) => {
          const scope = (made as TestStore).store.scoped([uniqueName("random")]);
          const model = new PlainModel((a, b) => Math.cos(angle(a) - angle(b)));
          for (const [i, batch] of batches.entries()) {
            const results = await scope.batch(batch as unknown as Operation[]);
            expect(results.map(plain), `batch ${i}: ${JSON.stringify(batch)}`).toEqual(model.batch(batch));
          }
        }),
        { numRuns: runs },
      );
    });

    test("pages by offset between writes are those of the plain model", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
          const scope = (made as TestStore).store.scoped([uniqueName("pages")]);
          const model = new PlainModel(() => 0);
          for (const batch of [SEEDED, ...steps.map((each) => [each])]) {
            const results = await scope.batch(batch as unknown as Operation[]);
            expect(results.map(plain), JSON.stringify(batch)).toEqual(model.batch(batch));
          }
        }),
        { numRuns: runs },
      );
    });
  });
}

/** A result without its times. */
function plain(result: unknown): ModelResult {
  if (result === undefined || result === null) return result;
  if (!Array.isArray(result)) return withoutTimes(result as Item);
  const list = result as string[][] | SearchItem[];
  return list.map((each) => (Array.isArray(each) ? each : withoutTimes(each))) as ModelResult;
}

function withoutTimes({ namespace: labels, key: itemKey, value: itemValue, score }: SearchItem): ModelResult {
  return { namespace: labels, key: itemKey, value: itemValue, ...(score === undefined ? {} : { score }) };
}
