/** Calls of hostile users, each with its required outcome. Any other outcome rejects. */
import type { BatchError, isStoreError, ScyllaDBStore } from "../../../src/index.ts";
import type { Random } from "./random.ts";

/** The provider rejects texts of more characters than this. */
export const MAX_TEXT_CHARS = 1_000;

/** Maximum number of operations in a batch of hostile users. */
export const MAX_BATCH = 200;

/** The target and parameters of the attacks. */
export interface Target {
  readonly store: ScyllaDBStore;
  readonly isStoreError: typeof isStoreError;
  readonly random: Random;
  readonly counts: { rateLimited: number; refusedReloads: number };
  /** Namespace of this user. */
  readonly namespace: string[];
}

type Attack = (target: Target) => Promise<void>;

/** Names of the attacks. */
export type AttackName = "over-long texts" | "over-long queries" | "blank texts" | "wrong types" | "misspelled options" | "bursts" | "forged cursors" | "listeners";

/** Number of texts or calls in a burst. */
const BURST = 150;
const TEXT_BURST = 20;

/** All attacks. */
export const ATTACKS: Readonly<Record<AttackName, Attack>> = {
  "over-long texts": async (target) => {
    const { store, namespace } = target;
    await refused(target, "EMBEDDING", store.put(namespace, "long", { text: tooLong(target) }));
    same(await store.get(namespace, "long"), null, "a put that was refused");
    const outcomes = await batched(target, [
      { namespace, key: "long", value: { text: tooLong(target) } },
      { namespace, key: "beside", value: { text: "green tea" } },
      { namespace, key: "long" },
    ]);
    same(outcomes.map(({ status }) => status).join(), "rejected,fulfilled,fulfilled", "a batch with one bad text");
    const many = Array.from({ length: TEXT_BURST }, (_, i) => store.put(namespace, `long${i}`, { text: tooLong(target) }));
    for (const put of many) await refused(target, "EMBEDDING", put);
  },
  "over-long queries": async (target) => {
    const { store, namespace } = target;
    const many = Array.from({ length: 6 }, () => store.search(namespace, { query: tooLong(target) }));
    for (const search of many) await refused(target, "EMBEDDING", search);
    await refused(target, "VALIDATION", store.search(namespace, { query: "q".repeat(100_000) }));
  },
  "blank texts": async ({ store, namespace, random }) => {
    const text = random.pick(["", " \n\t", "\u00a0", "\u200b"]);
    await store.put(namespace, "blank", { text });
    same((await store.get(namespace, "blank"))?.value["text"], text, "a blank text");
    const { info } = await store.search(namespace, { query: text });
    same(info.degraded, false, "a search with a blank query");
  },
  "wrong types": async (target) => {
    const { namespace } = target;
    // As a caller without TypeScript.
    const store = target.store as unknown as Record<"put" | "get" | "search" | "delete" | "batch", (...given: unknown[]) => Promise<unknown>>;
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const calls = [
      () => store.put(namespace, "wrong", "a text"),
      () => store.put(namespace, "wrong", circular),
      () => store.put(namespace, "wrong", { at: Symbol("no JSON") }),
      () => store.put(namespace, 7, { text: "tea" }),
      () => store.get(namespace, { key: "wrong" }),
      () => store.search(namespace, { query: 7 }),
      () => store.search(namespace, { limit: "ten" }),
      () => store.search(namespace, { filter: { tag: { $near: 1 } } }),
      () => store.delete(namespace, undefined),
    ];
    for (const call of calls) await refused(target, "VALIDATION", settled(call), String(call));
    const namespaces: unknown[] = ["hostile", null, [], ["hostile", "a.b"], ["hostile", 7], ["hostile", ""]];
    for (const each of namespaces) {
      await refused(target, "InvalidNamespaceError", settled(() => store.put(each, "wrong", { text: "tea" })), JSON.stringify(each));
    }
    await refused(target, "BATCH", store.batch([{ namespace, key: "wrong", value: 7 }]), "a batch");
    same(await target.store.get(namespace, "wrong"), null, "puts of wrong types");
  },
  "misspelled options": async (target) => {
    const { store, namespace } = target;
    await refused(target, "VALIDATION", settled(() => store.search(namespace, { minscore: 1 } as object)));
    await refused(target, "VALIDATION", settled(() => store.get(namespace, "k", { refreshTTL: true } as object)));
    await refused(target, "VALIDATION", settled(() => store.put(namespace, "wrong", { text: "tea" }, undefined, { tll: 1 } as object)));
  },
  bursts: async (target) => {
    const { store, namespace } = target;
    const [root, ...below] = namespace;
    const view = store.scoped([root ?? ""]);
    const burst = Array.from({ length: BURST }, (_, i) => (i % 3 === 0 ? view.search(below, { query: `burst ${i}` }) : view.get(below, `k${i}`)));
    for (const outcome of await Promise.allSettled(burst)) {
      if (outcome.status === "fulfilled") continue;
      same(codeOf(target.isStoreError, outcome.reason), "RATE_LIMITED", "a call of a burst");
      target.counts.rateLimited += 1;
    }
    const operations = Array.from({ length: MAX_BATCH + 1 }, (_, i) => ({ namespace, key: `k${i}`, value: { text: "tea" } }));
    await refused(target, "VALIDATION", settled(() => store.batch(operations)));
    await refused(target, "VALIDATION", settled(() => store.search(namespace, { limit: 1e9 })));
    await refused(target, "VALIDATION", settled(() => store.put(namespace, "big", { pad: "x".repeat(5_000_000) }, false)));
  },
  "forged cursors": async (target) => {
    const { store, namespace } = target;
    const forged = ["nonsense", "", Buffer.from('["l","x",["t1"],0,""]').toString("base64url"), "A".repeat(500_000)];
    for (const cursor of forged.filter((each) => each !== "")) await refused(target, "VALIDATION", settled(() => store.search(namespace, { cursor })));
    const { info } = await store.search(["t1"], { limit: 1 });
    if (info.cursor !== null) await refused(target, "VALIDATION", settled(() => store.search(namespace, { cursor: info.cursor })));
  },
  listeners: async (target) => {
    await refused(target, "CONFIGURATION", settled(() => target.store.reload({ liimts: {} } as never)));
    target.counts.refusedReloads += 1;
  },
};

/** Returns the code of an error, or its name if it has no code, as LangGraph's InvalidNamespaceError. */
export function codeOf(isOwn: typeof isStoreError, error: unknown): string {
  if (isOwn(error)) return error.code;
  return error instanceof Error && error.name === "InvalidNamespaceError" ? error.name : `no error of the store: ${String(error)}`;
}

/** Returns unique texts, so that the store cannot have cached them. */
function tooLong({ random }: Target): string {
  return `${random.next()} `.padEnd(MAX_TEXT_CHARS + 1 + random.below(10_000), "long ");
}

/** Converts a synchronous throw to a rejection. */
async function settled(call: () => Promise<unknown>): Promise<unknown> {
  return call();
}

async function refused({ isStoreError: isOwn }: Target, code: string, call: Promise<unknown>, of = "a bad call"): Promise<void> {
  const outcome = await call.then(
    () => "no error",
    (error: unknown) => (codeOf(isOwn, error) === code ? code : `${codeOf(isOwn, error)}: ${String(error).slice(0, 300)}`),
  );
  same(outcome, code, of);
}

async function batched({ store, isStoreError: isOwn }: Target, operations: Parameters<ScyllaDBStore["batch"]>[0]): Promise<BatchError["outcomes"]> {
  try {
    await store.batch(operations);
  } catch (error) {
    if (isOwn(error) && error.code === "BATCH") return (error as BatchError).outcomes;
    throw error;
  }
  throw new Error("a batch with a bad text succeeded");
}

function same(found: unknown, wanted: unknown, of: string): void {
  if (found !== wanted) throw new Error(`${of}: ${JSON.stringify(wanted)} was promised, and it was ${JSON.stringify(found)}`);
}
