import type { RepairOptions } from "../../sync/repair-report.ts";
import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { Progress } from "../progress.ts";
import { fieldLines } from "../table.ts";
import { print } from "../terminal.ts";

interface Flags {
  readonly resume?: boolean;
}

export const repair = command<Flags>({
  name: "repair",
  summary: "Compares every record with its vectors and its listing entry, and repairs the differences.",
  details: "With --dry-run, the exit code is 1 when something differs. Otherwise it is 1 when an item could not be repaired. The store may be in use.",
  examples: ["repair --dry-run", "repair", "repair --resume"],
  opensStore: true,
  changes: true,
  stopsAfterPart: true,
  define: (program) => program.option("--resume", "continues an unfinished repair of the last 24 hours"),
  run: ({ terminal, program, given, flags: { dryRun = false, resume = false, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const progress = new Progress(terminal, dryRun ? "Comparing" : "Repairing");
      const onProgress: RepairOptions["onProgress"] = ({ phase, done, report }) =>
        progress.report((phase === "records" ? 0 : 0.5) + done / 2, `${report.examined} records`);
      const report = await continuable({ terminal, program, given }, { kept: "What was repaired stays repaired.", hasResume: true, progress }, () =>
        store.repair({ dryRun, resume, signal: terminal.signal, onProgress }).finally(() => progress.stop()),
      );
      if (json === true) await print(terminal, JSON.stringify({ ...report, dryRun }));
      else for (const line of fieldLines({ ...report })) await print(terminal, line);
      const { missing, stale, orphaned, unlisted, unreadable, failed } = report;
      const left = unreadable + failed + (dryRun ? missing + stale + orphaned + unlisted : 0);
      return left > 0 ? EXIT.problem : EXIT.ok;
    }),
});
