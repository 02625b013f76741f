import { expect } from "vitest";
import type { CaseFamily, ConformanceCase } from "../conformance-case.ts";
import { upTo } from "../expectations.ts";
import { WHOLE_VALUE_TEXT } from "../settings.ts";

/** A case that indexes a value at paths, and checks which texts are found exactly and which are not. */
function pathCase(
  id: string,
  title: string,
  put: { value: Record<string, unknown>; index: string[] },
  texts: { found: readonly string[]; missed: readonly string[] },
): ConformanceCase {
  return {
    id: `index-paths/${id}`,
    title,
    async run({ store, ns }) {
      await store.put(ns(), "k", put.value, put.index);
      for (const [expected, queries] of [
        [true, texts.found],
        [false, texts.missed],
      ] as const) {
        for (const query of queries) {
          const [item] = await store.search(ns(), { query });
          expect(item?.key).toBe("k");
          expect((item?.score ?? 0) > 0.9999, `${query}, score ${item?.score}`).toBe(expected);
        }
      }
    },
  };
}

const CHAPTERS = { chapters: [{ title: "north", body: "south" }, { title: "east" }, { title: "up" }] };

/** Which texts of a value a path leads to. */
export const indexPaths: CaseFamily = {
  name: "index paths",
  setting: "compass",
  cases: [
    pathCase(
      "whole-value",
      "$ is the whole value, as JSON of two blanks' indent",
      { value: { text: "north" }, index: ["$"] },
      {
        found: [WHOLE_VALUE_TEXT],
        missed: ["north"],
      },
    ),
    pathCase(
      "field",
      "a name leads to a field",
      { value: { a: "north", b: "east" }, index: ["a"] },
      {
        found: ["north"],
        missed: ["east"],
      },
    ),
    pathCase(
      "nested",
      "dots lead into objects",
      { value: { a: { b: { c: "north" } }, c: "east" }, index: ["a.b.c"] },
      {
        found: ["north"],
        missed: ["east"],
      },
    ),
    pathCase(
      "several",
      "several paths are all indexed",
      { value: { a: "north", b: { c: "east" }, d: "up" }, index: ["a", "b.c"] },
      {
        found: ["north", "east"],
        missed: ["up"],
      },
    ),
    pathCase(
      "every-element",
      "[*] leads to every element of a list",
      { value: { tags: ["north", "east", "up"] }, index: ["tags[*]"] },
      {
        found: ["north", "east", "up"],
        missed: ["later"],
      },
    ),
    pathCase(
      "field-of-every-element",
      "[*].x leads to a field of every element",
      { value: CHAPTERS, index: ["chapters[*].title"] },
      {
        found: ["north", "east", "up"],
        missed: ["south"],
      },
    ),
    pathCase(
      "first-element",
      "[0] leads to the first element",
      { value: CHAPTERS, index: ["chapters[0].title"] },
      {
        found: ["north"],
        missed: ["east", "up"],
      },
    ),
    pathCase(
      "last-element",
      "[-1] leads to the last element",
      { value: CHAPTERS, index: ["chapters[-1].title"] },
      {
        found: ["up"],
        missed: ["north", "east"],
      },
    ),
    pathCase(
      "braces",
      "{a,b} leads to several fields, each a text of its own",
      { value: { a: "north", b: "east", c: "up" }, index: ["{a,b}"] },
      {
        found: ["north", "east"],
        missed: ["up"],
      },
    ),
    pathCase(
      "braces-nested",
      "{a,b.c} leads to nested fields, below a name too",
      { value: { m: { a: "north", b: { c: "east" } }, a: "up" }, index: ["m.{a, b.c}"] },
      { found: ["north", "east"], missed: ["up"] },
    ),
    pathCase(
      "every-member",
      "* leads to every member of an object",
      { value: { m: { x: "north", y: "east" }, n: "up" }, index: ["m.*"] },
      {
        found: ["north", "east"],
        missed: ["up"],
      },
    ),
    pathCase(
      "scalars",
      "numbers and booleans are indexed as their text",
      { value: { n: 7, b: true, t: "north" }, index: ["n", "b"] },
      {
        found: ["7", "true"],
        missed: ["north"],
      },
    ),
    pathCase(
      "object",
      "a path that ends at an object indexes its JSON",
      { value: { m: { text: "north" } }, index: ["m"] },
      {
        found: [WHOLE_VALUE_TEXT],
        missed: ["north"],
      },
    ),
    {
      id: "index-paths/many-elements",
      title: "a list of 60 elements is indexed to its last one, and the item comes once",
      async run({ store, ns }) {
        await store.put(ns(), "k", { tags: upTo(60).map((n) => `bearing ${n}`) }, ["tags[*]"]);
        await store.put(ns(), "l", { tags: ["south"] }, ["tags[*]"]);
        for (const n of [0, 31, 59]) {
          const found = await store.search(ns(), { query: `bearing ${n}` });
          expect(found.map((item) => item.key)).toEqual(["k", "l"]);
          expect(found[0]?.score).toBeCloseTo(1, 5);
        }
      },
    },
    {
      id: "index-paths/nothing-there",
      title: "paths that lead nowhere, to null or out of a list's bounds index nothing and are no error",
      async run({ store, ns }) {
        await store.put(ns(), "k", { a: null, list: ["x"], t: "text" }, [
          "missing",
          "a",
          "a.b",
          "list[5]",
          "list[-9]",
          "t[0]",
          "t.x",
          "a[*].b",
        ]);
        const [item] = await store.search(ns(), { query: "north" });
        expect(item?.key).toBe("k");
        expect(item?.score).toBeUndefined();
      },
    },
    {
      id: "index-paths/text-named-like-an-object-member",
      title: "a text that is the name of a member of every object is embedded like any other",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "constructor" });
        const [item] = await store.search(ns(), { query: "up" });
        expect(item?.key).toBe("k");
        expect(item?.score).toBeCloseTo(1, 5);
      },
    },
  ],
};
