import type { ReindexOptions, ReindexRemoval } from "../../sync/reindex-report.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { Progress } from "../progress.ts";
import { fieldLines, tableLines } from "../table.ts";
import { confirm, note, print, type Terminal } from "../terminal.ts";

interface Flags {
  readonly rate?: string;
  /** False by `--no-switch`. */
  readonly switch?: boolean;
}

const PHASES = { wait: "Waiting until every process writes both indexes", fill: "Indexing", verify: "Verifying" } as const;

/** Share of the phases in the entire progress. */
const SHARES = { wait: [0, 0], fill: [0, 0.85], verify: [0.85, 0.15] } as const;

export const reindexStart = command<Flags>({
  name: "reindex start",
  isDefault: true,
  summary: "Builds the index of index.next beside the active one, and makes it the active one.",
  details:
    "Set index.next in every process first: the processes then write both indexes, and search the next one within seconds after the switch. An unfinished reindex continues. " +
    "--dry-run counts the texts to embed and estimates the time; it embeds a few of them.",
  examples: ["reindex --dry-run", "reindex --rate 200", "reindex --no-switch", "reindex --set index.next.dims=1024 --next-embeddings ./embeddings.mjs"],
  opensStore: true,
  changes: true,
  stopsAfterPart: true,
  define: (program) =>
    program.option("--rate <texts>", "most texts to embed per second (default: no limit)").option("--no-switch", "stops before the switch; reindex switch makes it later"),
  run: ({ terminal, program, given, flags: { rate, switch: isSwitched, dryRun = false, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const textsPerSecond = rate === undefined ? undefined : Number(rate);
      if (textsPerSecond !== undefined && !(textsPerSecond > 0)) throw new ConfigurationError(`--rate must be a number of texts per second, but got ${JSON.stringify(rate)}.`);
      const progress = new Progress(terminal, dryRun ? "Counting" : "Reindexing");
      const onProgress: ReindexOptions["onProgress"] = ({ phase, done, records, texts }) => {
        const [start, share] = dryRun ? [0, 1] : SHARES[phase];
        progress.report(start + (done ?? 0) * share, dryRun ? `${texts} texts` : `${PHASES[phase]}: ${records} records, ${texts} texts`);
      };
      const kept = "What was indexed stays indexed, and searches use the previous index.";
      const report = await continuable({ terminal, program, given }, { kept, hasResume: false, progress }, () =>
        store
          .reindex({ dryRun, signal: terminal.signal, onProgress, switch: isSwitched !== false, ...(textsPerSecond === undefined ? {} : { textsPerSecond }) })
          .finally(() => progress.stop()),
      );
      if (json === true) await print(terminal, JSON.stringify(report));
      else for (const line of fieldLines({ ...report, generation: report.generation ?? "-", switched: String(report.switched), dryRun: String(dryRun) })) await print(terminal, line);
      if (json !== true && report.switched) note(terminal, "When every process runs with index.next or the new index, remove the previous index: reindex cleanup");
      if (json !== true && !report.switched && !dryRun) note(terminal, "Change searches to the next index: reindex switch");
      return report.failed + report.unreadable > 0 ? EXIT.problem : EXIT.ok;
    }),
});

export const reindexStatus = command({
  name: "reindex status",
  summary: "Shows the active index, the one that is being built, and the previous one.",
  examples: ["reindex status", "reindex status --json"],
  opensStore: true,
  changes: false,
  run: ({ terminal, flags: { json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const status = await store.reindexStatus();
      if (json === true) {
        await print(terminal, JSON.stringify(status));
        return EXIT.ok;
      }
      const { active, next, previous } = status;
      const rows = [
        ["active", active, ""] as const,
        ...(next === null ? [] : [["next", next, next.complete ? "complete" : `${next.progress?.items ?? 0} items`] as const]),
        ...(previous === null ? [] : [["previous", previous, "until reindex cleanup"] as const]),
      ].map(([role, { number, model, dims, metric, fields, rules = [], keyword }, state]) => {
        return [role, String(number), model, String(dims), metric, fields.join(","), String(rules.length), keyword ?? "-", state];
      });
      for (const line of tableLines(["role", "generation", "model", "dims", "metric", "fields", "rules", "keyword", "state"], rows)) await print(terminal, line);
      return EXIT.ok;
    }),
});

export const reindexSwitch = command({
  name: "reindex switch",
  summary: "Makes the complete next index the active one, after reindex --no-switch.",
  details: "Every process that has index.next searches it within seconds.",
  examples: ["reindex switch"],
  opensStore: true,
  changes: true,
  run: ({ terminal, flags: { dryRun = false, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      if (!dryRun) await store.reindexSwitch();
      const { active, next } = await store.reindexStatus();
      if (json === true) await print(terminal, JSON.stringify({ active: active.number, dryRun }));
      else note(terminal, dryRun ? `Generation ${next?.number ?? "-"} would become the active one. Nothing was changed.` : `Generation ${active.number} is active.`);
      return EXIT.ok;
    }),
});

export const reindexAbort = command({
  name: "reindex abort",
  summary: "Removes the next index, complete or not. The active one is not affected.",
  examples: ["reindex abort --dry-run", "reindex abort --yes"],
  opensStore: true,
  changes: true,
  run: ({ terminal, flags: { dryRun = false, yes, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const { next } = await store.reindexStatus();
      return remove(terminal, { what: "next index", generation: next?.number ?? null, dryRun, yes, json }, () => store.reindexAbort());
    }),
});

export const reindexCleanup = command({
  name: "reindex cleanup",
  summary: "Removes the index that was active before the switch.",
  details: "Processes that still run with that index alone then rank by keywords until they are restarted with the new one.",
  examples: ["reindex cleanup --dry-run", "reindex cleanup --yes"],
  opensStore: true,
  changes: true,
  run: ({ terminal, flags: { dryRun = false, yes, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const { previous } = await store.reindexStatus();
      return remove(terminal, { what: "previous index", generation: previous?.number ?? null, dryRun, yes, json }, () => store.reindexCleanup());
    }),
});

interface Removal {
  readonly what: string;
  readonly generation: number | null;
  readonly dryRun: boolean;
  readonly yes: boolean | undefined;
  readonly json: boolean | undefined;
}

async function remove(terminal: Terminal, { what, generation, dryRun, yes, json }: Removal, run: () => Promise<ReindexRemoval>): Promise<(typeof EXIT)[keyof typeof EXIT]> {
  if (!dryRun && yes !== true && generation !== null && !(await confirm(terminal, `Remove the ${what}, generation ${generation}, with its vectors?`))) {
    note(terminal, "Nothing was changed.");
    return EXIT.problem;
  }
  const removal = dryRun ? { generation, collections: [] } : await run();
  if (json === true) await print(terminal, JSON.stringify({ ...removal, dryRun }));
  else if (removal.generation === null) note(terminal, `There is no ${what}. Nothing was changed.`);
  else note(terminal, dryRun ? `Generation ${removal.generation} would be removed. Nothing was changed.` : `Generation ${removal.generation} was removed: ${removal.collections.join(", ")}`);
  return EXIT.ok;
}
