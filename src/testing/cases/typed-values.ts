import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import type { CaseContext, CaseFamily, ConformanceCase } from "../conformance-case.ts";
import { present, rejectionOf, seed, upTo } from "../expectations.ts";

async function readBack({ store, ns }: CaseContext, value: Record<string, unknown>): Promise<Record<string, unknown>> {
  await store.put(ns(), "k", value);
  const got = present(await store.get(ns(), "k")).value;
  expect(present((await store.search(ns()))[0]).value).toStrictEqual(got);
  return got;
}

function typed(id: string, title: string, make: () => Record<string, unknown>): ConformanceCase {
  return {
    id: `typed-values/${id}`,
    title,
    claims: ["typedValues"],
    async run(context) {
      expect(await readBack(context, make())).toStrictEqual(make());
    },
  };
}

function refused(id: string, title: string, field: string, make: () => Record<string, unknown>): ConformanceCase {
  return {
    id: `refused-values/${id}`,
    title,
    async run({ store, ns }) {
      const error = await rejectionOf(store.put(ns(), "fresh", make()));
      expect(error.message, "the message has to name the field").toContain(field);
      expect(await store.get(ns(), "fresh")).toBeNull();

      await store.put(ns(), "held", { n: 1 });
      await rejectionOf(store.put(ns(), "held", make()));
      expect((await store.get(ns(), "held"))?.value).toEqual({ n: 1 });
    },
  };
}

/** Values beyond JSON that come back as what they were. */
export const typedValues: CaseFamily = {
  name: "typed values",
  setting: "plain",
  cases: [
    typed("bytes", "a Uint8Array comes back as one, empty or not, nested or not", () => ({
      content: new Uint8Array([0, 1, 127, 128, 255]),
      none: new Uint8Array(),
      deep: [{ part: new Uint8Array(upTo(1_000).map((n) => n % 256)) }],
    })),
    typed("bytes-of-a-view", "of a Uint8Array that views a larger buffer, its own bytes are stored", () => ({
      content: new Uint8Array([1, 2, 3, 4, 5, 6]).subarray(2, 4),
    })),
    typed("dates", "a Date comes back as one, to the millisecond, before 1970 too", () => ({
      at: new Date("2024-02-29T12:34:56.789Z"),
      old: new Date(-1),
      list: [new Date(0)],
    })),
    {
      id: "typed-values/other-realm",
      title: "values of another realm, such as a vm context or a test file of Jest, come back as values of this one",
      claims: ["typedValues"],
      async run(context) {
        const source = '({ map: new Map([["a", new Set([1])]]), bytes: new Uint8Array([1, 2]), at: new Date(0), deep: { list: [new Date(1)] } })';
        const foreign = runInNewContext(source) as Record<string, unknown>;
        const own = { map: new Map([["a", new Set([1])]]), bytes: new Uint8Array([1, 2]), at: new Date(0), deep: { list: [new Date(1)] } };
        expect(await readBack(context, foreign)).toStrictEqual(own);
        expect(await context.store.search(context.ns(), { filter: { at: { $eq: runInNewContext("new Date(0)") as Date } } })).toHaveLength(1);
        expect(await context.store.search(context.ns(), { filter: { at: { $gt: runInNewContext("new Date(0)") as Date } } })).toHaveLength(0);
      },
    },
    typed("maps", "a Map comes back as one, with keys of any kind and typed values within", () => ({
      map: new Map<unknown, unknown>([
        ["a", 1],
        [2, new Date(0)],
        ["nested", new Map([["x", new Set([1])]])],
      ]),
      none: new Map(),
    })),
    typed("sets", "a Set comes back as one, in its order", () => ({
      set: new Set(["b", "a", 1, null]),
      none: new Set(),
    })),
    typed("bigints", "a bigint comes back as one, beyond what a number can hold", () => ({
      small: 1n,
      large: 2n ** 70n,
      negative: -(2n ** 64n) - 1n,
    })),
    typed("undefined", "undefined is kept as a field's value and as a list's element", () => ({
      a: undefined,
      list: [1, undefined, 3],
    })),
    {
      id: "typed-values/buffer",
      title: "a Buffer comes back as bytes, not as the object its toJSON makes",
      claims: ["typedValues"],
      async run(context) {
        const { content } = await readBack(context, { content: Buffer.from("héllo") });
        expect(content).toBeInstanceOf(Uint8Array);
        expect(new TextDecoder().decode(content as Uint8Array)).toBe("héllo");
      },
    },
    {
      id: "typed-values/copies",
      title: "typed values are copied, as all others",
      claims: ["typedValues"],
      async run({ store, ns }) {
        const bytes = new Uint8Array([1]);
        const set = new Set([1]);
        await seed(store, ns(), { k: { bytes, set } });
        bytes[0] = 9;
        set.add(2);
        const { value } = present(await store.get(ns(), "k"));
        expect(value).toStrictEqual({ bytes: new Uint8Array([1]), set: new Set([1]) });
      },
    },
  ],
};

/** Values that cannot be stored are refused by name before anything is written. */
export const refusedValues: CaseFamily = {
  name: "refused values",
  setting: "plain",
  cases: [
    refused("function", "a function is refused", "hook", () => ({ profile: { hook: () => 1 } })),
    refused("symbol", "a symbol is refused", "mark", () => ({ profile: { mark: Symbol("s") } })),
    refused("cycle", "a value that contains itself is refused", "self", () => {
      const value: Record<string, unknown> = { n: 1 };
      value["self"] = value;
      return value;
    }),
    refused("lone-surrogate", "text that is not well-formed is refused", "note", () => ({ a: [{ note: "x\udc00" }] })),
    {
      id: "refused-values/lone-surrogate-field",
      title: "a field name that is not well-formed text is refused",
      async run({ store, ns }) {
        await rejectionOf(store.put(ns(), "k", { outer: { "x\ud800": 1 } }));
        expect(await store.get(ns(), "k")).toBeNull();
      },
    },
  ],
};
