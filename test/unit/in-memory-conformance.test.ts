import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { describe, expect, test } from "vitest";
import { FailingEmbeddings, HashEmbeddings, storeConformance, TableEmbeddings } from "../../src/testing/index.ts";
import { checkHarness, expectDifference } from "../../src/testing/store-conformance.ts";
import type { StoreConformanceHarness } from "../../src/testing/index.ts";

const LIVE = "it keeps and gives out the caller's own objects";
const JOINED = 'it joins labels by ":", so it refuses them in labels';
const UNCHECKED = "it stores whatever it is given";
const REFERENCE = "it compares objects by reference";
const COERCES = "it turns both sides of a range into numbers";
const UNKNOWN = "it takes an operator it does not know for a value that nothing equals";
const NO_LOGIC = "it knows no logical operators: it looks for a field of that name";
const NO_PATHS = "it looks for a field of that whole name only";
const BY_AGE = "it orders namespaces by when they first held an item";
const BY_LOCALE = 'it orders the labels joined by ":", as the locale does';
const KEPT_VECTORS = "it never removes a vector, only overwrites those at the same path";
const KEPT_NAMESPACES = "it never forgets a namespace, and a delete makes one";
const SLICES = "it hands every number on to Array.slice";

const harness: StoreConformanceHarness = {
  name: "InMemoryStore",
  create: ({ index }) => {
    const store = new InMemoryStore(index === undefined ? {} : { index });
    return Promise.resolve({ store, dispose: () => Promise.resolve() });
  },
  differences: {
    "records/put-undefined-refused": "it stores an item without a value, on which every later filter throws",
    "keys/lone-surrogate-refused": UNCHECKED,
    "keys/non-string-refused": UNCHECKED,
    "copies/changing-what-was-put": LIVE,
    "copies/changing-while-putting": LIVE,
    "copies/changing-what-get-gave": LIVE,
    "copies/changing-what-search-gave": LIVE,
    "copies/read-items-stay-as-read": LIVE,
    "copies/namespace-array": LIVE,
    "copies/dates": LIVE,
    "copies/same-item-twice-in-a-batch": LIVE,
    "typed-values/copies": LIVE,
    "values/to-json": LIVE,
    "typed-values/other-realm": LIVE,
    "refused-values/function": UNCHECKED,
    "refused-values/symbol": UNCHECKED,
    "refused-values/cycle": UNCHECKED,
    "refused-values/lone-surrogate": UNCHECKED,
    "refused-values/lone-surrogate-field": UNCHECKED,
    "batch/get-sees-state-before": "a get gives the live item, which the batch's put then changes",
    "batch/put-result-undefined": "it gives null, where the types say void",
    "batch/list-without-conditions": "it gives no result for it, so that later results stand one place early",
    "batch/unknown-operation": "it gives no result for it, so that later results stand one place early",
    "batch/alike-when-joined": "it loses one of two puts whose namespace and key read alike when joined",
    "batch/failure-undoes-nothing": "it refuses the whole batch",
    "batch/unstorable-value-undoes-nothing": UNCHECKED,
    "isolation/colon-labels": JOINED,
    "namespace-rules/lone-surrogate-label": UNCHECKED,
    "filter/arrays-by-value": REFERENCE,
    "filter/objects-by-value": REFERENCE,
    "filter/empty-array": "it takes an object without fields for operators that all hold",
    "filter/empty-object": "it takes an object without fields for operators that all hold",
    "filter/typed-equality": "it takes a Date for operators that all hold",
    "filter/unknown-operator": UNKNOWN,
    "filter/in-needs-a-list": "it takes an $in without a list for one that nothing passes, a $nin for one that all do",
    "filter/range-no-coercion": COERCES,
    "filter/range-other-type": COERCES,
    "filter/range-of-booleans": COERCES,
    "filter/string-ranges": COERCES,
    "filter/iso-date-ranges": COERCES,
    "filter/string-range-holds-strings": COERCES,
    "filter/date-ranges": COERCES,
    "filter/and": NO_LOGIC,
    "filter/or": NO_LOGIC,
    "filter/not": NO_LOGIC,
    "filter/not-below-a-field": UNKNOWN,
    "filter/logic-nested": NO_LOGIC,
    "filter/logic-malformed": NO_LOGIC,
    "filter/exists": UNKNOWN,
    "filter/inherited-properties-are-missing": UNKNOWN,
    "filter/dotted-path": NO_PATHS,
    "filter/dotted-literal-first": NO_PATHS,
    "filter/dotted-through-nothing": NO_PATHS,
    "filter/dotted-exists": NO_PATHS,
    "listing/namespaces-by-label": BY_AGE,
    "listing/own-items-come-and-go": BY_AGE,
    "listing/same-order-as-list-namespaces": BY_AGE,
    "listing/impossible-limits": SLICES,
    "list/order": BY_LOCALE,
    "list/empty-namespaces-vanish": KEPT_NAMESPACES,
    "list/delete-makes-no-namespace": KEPT_NAMESPACES,
    "list/refused-put-makes-no-namespace": UNCHECKED,
    "list/impossible-depth": SLICES,
    "vectors/wrong-length-refused": UNCHECKED,
    "vectors/blank-is-nothing": "it embeds a blank text like any other",
    "vectors/scores-are-bounded": "its scores are not rounded",
    "vectors/not-finite-refused": UNCHECKED,
    "vectors/unscored-paged": "every page starts with the items without vectors again, for any offset",
    "vectors/filter-kinds": REFERENCE,
    "vectors/filter-logic": NO_LOGIC,
    "vectors/colon-labels": JOINED,
    "vectors/gone-with-their-field": KEPT_VECTORS,
    "vectors/gone-with-all-fields": KEPT_VECTORS,
    "vectors/gone-with-list-elements": KEPT_VECTORS,
    "vectors/not-back-after-delete": KEPT_VECTORS,
    "vectors/gone-on-index-false": KEPT_VECTORS,
    "vectors/index-fields-of-a-put": KEPT_VECTORS,
    "index-paths/text-named-like-an-object-member": "it keeps texts as fields of a plain object, and throws",
    "agents/calls-of-one-tick": "a get gives the live item, which the tick's put then changes",
  },
};

storeConformance(harness);

describe("the conformance suite itself", () => {
  test("rejects a difference or a claim about an unknown case", () => {
    expect(() => checkHarness({ ...harness, differences: { "filter/no-such-case": "typo" } })).toThrow(
      'differences["filter/no-such-case"]: there is no such case',
    );
    expect(() => checkHarness({ ...harness, claims: { telepathy: true } as never })).toThrow("claims.telepathy");
  });

  test("rejects a difference about a case that a claim excludes", () => {
    const claims = { colonLabels: false };
    const differences = { "isolation/colon-labels": "not claimed anyway" };
    expect(() => checkHarness({ ...harness, claims, differences })).toThrow("colonLabels is not claimed");
  });

  test("fails if a declared difference no longer exists, and passes if it does", async () => {
    await expect(expectDifference(() => Promise.resolve(), "it was slow")).rejects.toThrow(
      /no longer exists.*was slow/,
    );
    await expect(expectDifference(() => Promise.reject(new Error("still so")), "it is slow")).resolves.toBeUndefined();
  });
});

describe("embedding models for tests", () => {
  const cosine = (a: number[], b: number[]) => a.reduce((sum, component, axis) => sum + component * (b[axis] ?? 0), 0);

  test("HashEmbeddings gives similar vectors to texts that share words, equal in every instance", async () => {
    const model = new HashEmbeddings({ dims: 128 });
    const [tea, alike, other] = await model.embedDocuments(["Green tea, please", "a cup of GREEN tea", "heavy rain"]);
    const query = await new HashEmbeddings({ dims: 128 }).embedQuery("green tea please");
    expect(query).toEqual(tea);
    expect(cosine(query, alike ?? [])).toBeGreaterThan(cosine(query, other ?? []) + 0.3);
    expect([model.calls, model.documentTexts.length, model.queryTexts.length]).toEqual([1, 3, 0]);
  });

  test("HashEmbeddings gives a vector of length 1 for any text, including the empty one", async () => {
    const model = new HashEmbeddings();
    for (const text of ["", " \n", "👍", "word", "many words of many kinds, and more words"]) {
      const vector = await model.embedQuery(text);
      expect(vector).toHaveLength(64);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 10);
    }
  });

  test("TableEmbeddings returns the vectors of its table, and rejects other texts by name", async () => {
    const model = new TableEmbeddings({ dims: 2, table: { north: [1, 0] } });
    expect(await model.embedQuery("north")).toEqual([1, 0]);
    await expect(model.embedDocuments(["north", "limbo"])).rejects.toThrow('"limbo"');
  });

  test("FailingEmbeddings rejects every text with the given reason", async () => {
    const reason = new Error("quota used up");
    await expect(new FailingEmbeddings({ reason }).embedQuery("any")).rejects.toBe(reason);
    await expect(new FailingEmbeddings().embedDocuments(["any"])).rejects.toThrow("down");
  });
});
