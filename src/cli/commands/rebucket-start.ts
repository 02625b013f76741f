import { ConfigurationError } from "../../model/errors.ts";
import type { RebucketPhase } from "../../ports/partitions.ts";
import { namespaceOf, wholeNumber } from "../arguments.ts";
import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { Progress } from "../progress.ts";
import { fieldLines } from "../table.ts";
import { confirm, note, print } from "../terminal.ts";

interface Flags {
  readonly buckets?: number;
  readonly rate: number;
}

/** Share of the entire command at which each phase begins, and its share. */
const SHARES: Readonly<Record<RebucketPhase, readonly [from: number, share: number]>> = {
  count: [0, 0.1],
  copy: [0.1, 0.5],
  verify: [0.6, 0.35],
  delete: [0.95, 0.05],
};

export const rebucketStart = command<Flags>({
  name: "rebucket start",
  isDefault: true,
  summary: "Changes the number of partitions of a namespace and of those below it, while they are read and written.",
  details:
    "Copies the records to new partitions, compares the copies, lets all processes read them, and deletes the previous partitions. Run the same command again to continue " +
    "an interrupted change. Afterwards set cql.buckets to the printed rules in the configuration. Servers only: a local file has no partitions, so the exit code is 2.",
  examples: ["rebucket start logs --buckets 16 --dry-run", "rebucket start logs --buckets 16 --yes", `rebucket start "tenants.*.events" --buckets 4 --rate 500 --yes`],
  opensStore: true,
  changes: true,
  stopsAfterPart: true,
  define: (program) =>
    program
      .argument("<namespace>", 'leading labels of the namespaces, such as tenants.mia; "*" matches any one label')
      .option("--buckets <number>", "new number of partitions of each namespace, from 1 to 256", wholeNumber)
      .option("--rate <records>", "most records copied per second", wholeNumber, 2_000),
  run: ({ terminal, program, given, args: [text], flags: { buckets, rate, dryRun = false, yes, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      if (buckets === undefined) throw new ConfigurationError("rebucket start requires --buckets <number>, the new number of partitions of each namespace.");
      const options = { namespace: namespaceOf(text), buckets, dryRun, recordsPerSecond: rate };
      // A local file, another change and wrong numbers are refused before the question.
      const { change } = await store.partitions();
      if (!dryRun && change === null && yes !== true && !(await confirm(terminal, `Change the partitions of ${text || "all namespaces"} to ${buckets}?`))) {
        note(terminal, "Nothing was changed.");
        return EXIT.problem;
      }
      const progress = new Progress(terminal, dryRun ? "Counting" : "Changing partitions");
      const kept = "Reads and writes continue, and writes go to both layouts until the change is completed or aborted.";
      const report = await continuable({ terminal, program, given }, { kept: dryRun ? "" : kept, hasResume: false, progress }, () =>
        store
          .rebucket({
            ...options,
            signal: terminal.signal,
            onProgress: ({ phase, done, records }) => {
              const [from, share] = SHARES[phase];
              progress.report(dryRun ? null : from + share * (done ?? 0), `${phase} ${records} records`);
            },
          })
          .finally(() => progress.stop()),
      );
      const { rules } = await store.partitions();
      if (json === true) await print(terminal, JSON.stringify({ ...report, rules }));
      else for (const line of fieldLines({ ...report, namespace: text || "*" })) await print(terminal, line);
      if (json !== true && !dryRun) note(terminal, `Set cql.buckets to ${JSON.stringify(rules)} in the configuration of all processes.`);
      return EXIT.ok;
    }),
});
