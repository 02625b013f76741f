/** The commands of a reindex, whichever backend the store is on. */
import { fileURLToPath } from "node:url";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { test } from "vitest";
import { cli, cliJson } from "./cli.ts";
import type { CliStore } from "./cli-use.ts";

/** A store on one index, and the flags of commands that know the next one, too. */
async function openForReindex(open: () => Promise<CliStore>, items: number): Promise<{ readonly old: readonly string[]; readonly flags: readonly string[] }> {
  const { store, flags: old } = await open();
  await store.batch(Array.from({ length: items }, (_, i) => ({ namespace: ["a"], key: `k${i}`, value: { text: `tea number ${i}` } })));
  await store.put(["a"], "last", { text: "an ostrich" });
  await store.stop();
  const embedder = fileURLToPath(new URL("./cli-embeddings.ts", import.meta.url));
  return { old, flags: [...old, "--next-embeddings", embedder, "--set", `index.next.dims=${new HashEmbeddings().dims}`, "--set", "index.next.model=next"] };
}

/** Registers the tests of the commands on one backend. They run at the same time, as they wait for leases most of the time. */
export function reindexCommands(open: () => Promise<CliStore>): void {
  test.concurrent("reindex counts in a dry run, builds, switches and cleans up", async ({ expect }) => {
    const { old, flags } = await openForReindex(open, 10);
    expect(await cli(["reindex", ...old])).toMatchObject({ code: 2, errors: expect.stringContaining("index.next") as string });
    expect(await cliJson(["reindex", "--dry-run", ...flags])).toMatchObject({ dryRun: true, records: 11, texts: 11, generation: null });
    expect(await cli(["reindex", "--rate", "none", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining("--rate") as string });
    expect(await cliJson(["reindex", "--no-switch", ...flags])).toMatchObject({ generation: 2, switched: false, failed: 0 });
    expect((await cli(["reindex", "status", ...flags])).output).toMatch(/next +2 +next .*complete/);
    expect(await cliJson(["reindex", "switch", ...flags])).toEqual({ active: 2, dryRun: false });
    expect(await cliJson(["search", "--query", "ostrich", "--limit", "1", ...flags])).toMatchObject({ results: [{ key: "last" }], info: { degraded: false } });
    expect(await cliJson<{ collections: string[] }>(["reindex", "cleanup", "--yes", ...flags])).toMatchObject({ generation: 1, collections: expect.arrayContaining([expect.any(String)]) as string[] });
    expect(await cli(["get", "a", "last", ...old])).toMatchObject({ code: 1, errors: expect.stringContaining("scylladb-store reindex") as string });
  });

  test.concurrent("Ctrl-C ends a reindex with the command that continues it, and reindex abort removes what it built", async ({ expect }) => {
    const { flags } = await openForReindex(open, 300);
    const stop = new AbortController();
    const stopped = await cli(["reindex", "--rate", "20", ...flags], { signal: stop.signal, onErrors: () => stop.abort() });
    expect(stopped).toMatchObject({ code: 130, errors: expect.stringMatching(/searches use the previous index\. Continue with: .*reindex --rate 20/) as string });
    expect(await cliJson(["reindex", "status", ...flags])).toMatchObject({ active: { number: 1 }, next: { number: 2, model: "next", complete: false } });
    expect(await cliJson(["reindex", "abort", "--dry-run", ...flags])).toMatchObject({ generation: 2, dryRun: true });
    expect(await cli(["reindex", "abort", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining("--yes") as string });
    expect(await cliJson(["reindex", "abort", "--yes", ...flags])).toMatchObject({ generation: 2 });
    expect(await cliJson(["reindex", "status", ...flags])).toMatchObject({ active: { number: 1 }, next: null });
  });
}
