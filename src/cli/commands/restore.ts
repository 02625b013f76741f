import type { ImportOptions } from "../../operator/import-report.ts";
import type { ScyllaDBStore } from "../../scylladb-store.ts";
import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { Progress } from "../progress.ts";
import { fieldLines } from "../table.ts";
import { noteVectors } from "../import-notes.ts";
import { confirm, note, print } from "../terminal.ts";

interface Flags {
  readonly onConflict?: NonNullable<ImportOptions["onConflict"]>;
}

export const restore = command<Flags>({
  name: "restore",
  summary: "Verifies the digest of a backup, and writes its items to the store.",
  details: "Items of the store that are not in the backup are kept. To continue an interrupted restore, run it again: it skips items that are stored already.",
  examples: ["restore backups/2026-01-31 --dry-run", "restore backups/2026-01-31 --yes", "restore backups/2026-01-31 --on-conflict overwrite"],
  opensStore: true,
  changes: true,
  stopsAfterPart: true,
  define: (program) =>
    program
      .argument("<folder>", "folder of the backup")
      .option("--on-conflict <rule>", "item that is stored already: newer (the later update stays), overwrite or keep", "newer"),
  run: ({ terminal, program, given, args: [folder = ""], flags: { onConflict = "newer", dryRun = false, yes, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      if (!dryRun && yes !== true && onConflict === "overwrite" && !(await confirm(terminal, `Replace items that were updated after the backup in ${folder}?`))) {
        note(terminal, "Nothing was changed.");
        return EXIT.problem;
      }
      const progress = new Progress(terminal, "Restoring");
      const options: Parameters<ScyllaDBStore["restore"]>[1] = {
        onConflict,
        dryRun,
        signal: terminal.signal,
        onRejected: ({ line, reason }) => note(terminal, `Line ${line}: ${reason}`),
        onProgress: ({ done, items }) => progress.report(done, `${items} items`),
      };
      const report = await continuable({ terminal, program, given }, { kept: dryRun ? "" : "What was restored stays.", hasResume: false, progress }, () =>
        store.restore(folder, options).finally(() => progress.stop()),
      );
      if (json === true) await print(terminal, JSON.stringify({ ...report, dryRun }));
      else for (const line of fieldLines({ ...report })) await print(terminal, line);
      noteVectors(terminal, report);
      return report.rejected > 0 || report.vectors.pending > 0 || !report.complete ? EXIT.problem : EXIT.ok;
    }),
});
