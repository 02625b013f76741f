/** A codec that returns garbage, throws or does not answer fails only its own operation. */
import type { Codec } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, expect, test } from "vitest";
import type { MakeStore, TestStore } from "./stores.ts";

const SECRET = "hunter2";

/** Faults by the key of the affected item. */
const FAULTS: Readonly<Record<string, () => unknown>> = {
  "returns no JSON": () => Buffer.from(`${SECRET} is no JSON`),
  "returns a list": () => Buffer.from(`["${SECRET}"]`),
  "returns nothing": () => new Uint8Array(),
  "returns a text": () => "text",
  "returns undefined": () => undefined,
  "returns a promise of a number": () => Promise.resolve(7),
  "throws undefined": () => {
    throw undefined as unknown as Error;
  },
  "throws what has no text": () => {
    throw Object.create(null) as Error;
  },
  "throws an error whose message is a symbol": () => {
    throw Object.assign(new Error("x"), { message: Symbol("x") });
  },
  "rejects with null": () => Promise.reject(null),
  "never answers": () => new Promise(() => undefined),
};

const KEYS = Object.keys(FAULTS);
const NAMESPACE = ["users", "42"];

/** A codec that does not change bytes. While `fails` is set, it fails for the keys of {@link FAULTS}. */
function failingCodec(): { codec: Codec; fails: "encode" | "decode" | null } {
  const state = { fails: null as "encode" | "decode" | null };
  const through = (name: "encode" | "decode"): Codec["encode"] => (bytes, { key }) =>
    state.fails === name && key in FAULTS ? ((FAULTS[key] as () => unknown)() as Uint8Array) : bytes;
  return Object.assign(state, { codec: { encode: through("encode"), decode: through("decode") } });
}

/** Runs the cases on stores of one kind. */
export function codecFaultCases(make: MakeStore): void {
  const open: TestStore[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.dispose();
  });

  async function start(codec: Codec) {
    const made = await make({
      codec,
      index: { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] },
      limits: { deadlineMs: 4_000, writeDeadlineMs: 8_000 },
    });
    open.push(made);
    return made.store;
  }

  const written = (key: string) => ({ namespace: NAMESPACE, key, value: { text: `green tea ${key}`, n: 1 } });

  test("a value that the codec cannot decode fails its own get, and searches leave it out and report it", async () => {
    const state = failingCodec();
    const store = await start(state.codec);
    await store.batch(["sound", ...KEYS].map(written));
    const causes: string[] = [];
    store.on("values-unreadable", ({ cause }) => causes.push(cause));
    state.fails = "decode";
    const gets = (await store.with({ batchErrors: "positional" }).batch(["sound", ...KEYS].map((key) => ({ namespace: NAMESPACE, key })))) as unknown as Promise<unknown>[];
    const [sound, ...others] = await Promise.allSettled(gets);
    expect(sound).toMatchObject({ status: "fulfilled", value: { key: "sound" } });
    for (const [i, outcome] of others.entries()) {
      expect(outcome, KEYS[i]).toMatchObject({ status: "rejected", reason: { code: KEYS[i] === "never answers" ? "TIMEOUT" : "CODEC" } });
      expect((outcome as PromiseRejectedResult).reason).not.toMatchObject({ message: expect.stringContaining(SECRET) as string });
    }
    for (const options of [{}, { filter: { n: 1 } }, { query: "green tea" }, { query: "green tea", filter: { n: 1 } }]) {
      const found = await store.search(NAMESPACE, { ...options, limit: 50 });
      expect(found.map(({ key }) => key), JSON.stringify(options)).toEqual(["sound"]);
      expect(found.info).toMatchObject({ unreadable: KEYS.length, degraded: false });
    }
    expect(causes).toHaveLength(4);
    expect(causes.join("\n")).not.toContain(SECRET);
    state.fails = null;
    expect(await store.search(NAMESPACE, { limit: 50 })).toHaveLength(1 + KEYS.length);
  });

  test("a value that the codec cannot encode fails its own put, and nothing of it is saved", async () => {
    const state = failingCodec();
    const store = await start(state.codec);
    state.fails = "encode";
    // Encoded bytes are stored unchecked. Garbage is detected when they are decoded.
    const keys = KEYS.filter((key) => !["returns no JSON", "returns a list", "returns nothing"].includes(key));
    const puts = (await store.with({ batchErrors: "positional" }).batch(["sound", ...keys].map(written))) as unknown as Promise<unknown>[];
    const [sound, ...others] = await Promise.allSettled(puts);
    expect(sound).toMatchObject({ status: "fulfilled" });
    for (const [i, outcome] of others.entries()) {
      expect(outcome, keys[i]).toMatchObject({ status: "rejected", reason: { code: keys[i] === "never answers" ? "TIMEOUT" : "CODEC" } });
    }
    expect((await store.search(NAMESPACE, { limit: 50 })).map(({ key }) => key)).toEqual(["sound"]);
  });
}
