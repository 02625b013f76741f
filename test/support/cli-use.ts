/** What an operator does by commands, whichever backend the store is on. */
import type { ScyllaDBStore } from "langgraph-store-scylladb";
import { expect, test } from "vitest";
import { cli, cliJson } from "./cli.ts";

/** A store and the flags by which commands open the same. */
export interface CliStore {
  readonly store: ScyllaDBStore;
  readonly flags: readonly string[];
  /** Opens the same store once more, as another process does. */
  readonly again: () => Promise<ScyllaDBStore>;
}

/** Registers the tests of commands on one backend. */
export function cliUse(open: () => Promise<CliStore>): void {
  test("put, get, search, count, ls and rm work on the items of the configured store", async () => {
    const { store, flags } = await open();
    const run = (...args: string[]) => cli([...args, ...flags]);
    expect(await run("put", "users.mia", "food", '{"text":"likes curry"}')).toMatchObject({ code: 0, output: "The item was created.\n" });
    expect(await run("put", "users.ana", "food", '{"text":"likes soup"}', "--ttl", "60")).toMatchObject({ code: 0 });
    expect(await store.get(["users", "mia"], "food")).toMatchObject({ value: { text: "likes curry" } });
    expect(await cliJson(["get", "users.mia", "food", ...flags])).toMatchObject({ namespace: ["users", "mia"], key: "food", value: { text: "likes curry" } });
    const ranked = await cliJson<{ results: { key: string; score: number }[]; info: object }>(["search", "users", "--query", "curry", ...flags]);
    expect(ranked).toMatchObject({ results: [{ namespace: ["users", "mia"], score: expect.any(Number) as number }, {}], info: { mode: "semantic", degraded: false } });
    const byWords = await cliJson<{ results: object[]; info: object }>(["search", "users", "--query", "curry", "--mode", "keyword", ...flags]);
    expect(byWords).toMatchObject({ results: [{ namespace: ["users", "mia"], score: expect.any(Number) as number }], info: { mode: "keyword", degraded: false } });
    expect(await run("search", "users", "--query", "curry", "--mode", "magic")).toMatchObject({ code: 2 });
    expect(await cliJson(["count", "users", ...flags])).toEqual({ namespace: ["users"], items: 2 });
    expect(await cliJson(["count", "--filter", '{"text":"likes soup"}', ...flags])).toMatchObject({ items: 1 });
    expect((await run("ls")).output).toBe("users\n  ana\n  mia\n");
    expect(await cliJson(["ls", "users", "--keys", ...flags])).toEqual([{ namespace: ["users", "ana"], key: "food" }, { namespace: ["users", "mia"], key: "food" }]);
    expect(await run("rm", "users.mia", "food", "--yes")).toMatchObject({ code: 0, output: "The item was deleted.\n" });
    expect(await run("get", "users.mia", "food")).toMatchObject({ code: 1, output: "", errors: "There is no such item.\n" });
  });

  test("a dry run of put and rm changes nothing and says what it would do", async () => {
    const { store, flags } = await open();
    expect(await cli(["put", "a", "k", '{"n":1}', "--dry-run", ...flags])).toMatchObject({ code: 0, output: "The item would be created. Nothing was changed.\n" });
    expect(await store.get(["a"], "k")).toBeNull();
    await store.put(["a"], "k", { n: 1 });
    expect(await cliJson(["rm", "a", "k", "--dry-run", ...flags])).toMatchObject({ deleted: false, existed: true, dryRun: true });
    expect(await store.get(["a"], "k")).not.toBeNull();
  });

  test("rm without --yes and without a terminal is refused as wrong usage, and deletes nothing", async () => {
    const { store, flags } = await open();
    await store.put(["a"], "k", { n: 1 });
    expect(await cli(["rm", "a", "k", ...flags])).toMatchObject({ code: 2, output: "", errors: expect.stringContaining("Add --yes") as string });
    expect(await store.get(["a"], "k")).not.toBeNull();
  });

  test("typed values are printed and read in the form of exports", async () => {
    const { store, flags } = await open();
    const value = { at: new Date("2026-01-02T03:04:05.006Z"), tags: new Set(["a"]), bytes: new Uint8Array([1, 2]) };
    await store.put(["typed"], "k", value);
    const printed = await cliJson<{ value: object; typed: boolean }>(["get", "typed", "k", ...flags]);
    expect(printed).toMatchObject({ typed: true, value: { at: { "~date": "2026-01-02T03:04:05.006Z" } } });
    expect((await cli(["put", "typed", "copy", "-", "--typed", ...flags], { input: JSON.stringify(printed.value) })).code).toBe(0);
    expect((await store.get(["typed"], "copy"))?.value).toEqual(value);
  });

  test("health, stats, repair and reconcile print what the methods of the store return", async () => {
    const { store, flags } = await open();
    await store.put(["a"], "k", { text: "tea" });
    expect(await cliJson(["health", ...flags])).toMatchObject({ status: "ok", records: { status: "up" }, vectors: { status: "up" } });
    expect(await cliJson(["stats", ...flags])).toMatchObject({ operations: { put: { count: 0 } } });
    expect(await cliJson(["repair", "--dry-run", ...flags])).toMatchObject({ examined: 1, missing: 0, dryRun: true });
    expect(await cliJson(["repair", ...flags])).toMatchObject({ examined: 1, failed: 0, dryRun: false });
    expect(await cliJson(["reconcile", ...flags])).toMatchObject({ failed: 0, deadLettered: 0 });
    expect(await cliJson(["reconcile", "--dry-run", ...flags])).toMatchObject({ backlog: { deadLettered: 0 } });
  });

  test("keys, items and count read more than one page, within a prefix of entire labels and a scope", async () => {
    const { store } = await open();
    const puts = Array.from({ length: 450 }, (_, i) => ({ namespace: ["many", String(i % 3)], key: `k${i}`, value: { i } }));
    await store.batch([...puts, { namespace: ["many2"], key: "other", value: { i: 1 } }]);
    const view = store.scoped(["many"]);
    expect(await store.count(["many"])).toBe(450);
    expect(await view.count([])).toBe(450);
    expect(await view.count(["1"], { filter: { i: { $lt: 10 } } })).toBe(3);
    const keys = new Set<string>();
    for await (const { namespace, key } of view.keys([])) keys.add(`${namespace.join(".")}/${key}`);
    expect(keys.size).toBe(450);
    const values: number[] = [];
    for await (const { value } of view.items(["2"], { order: "newest", filter: { i: { $gte: 440 } } })) values.push(Number(value["i"]));
    expect(values.toSorted((a, b) => a - b)).toEqual([440, 443, 446, 449]);
  });
}
