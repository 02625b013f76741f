import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { fieldLines } from "../table.ts";
import { print } from "../terminal.ts";

export const reconcile = command({
  name: "reconcile",
  summary: "Completes the writes that a crash or an outage has left incomplete.",
  details: "A running store does so by itself. With --dry-run, prints the backlog only. Exit code 1 when a write could not be completed.",
  examples: ["reconcile --dry-run", "reconcile"],
  opensStore: true,
  changes: true,
  stopsAfterPart: true,
  run: ({ terminal, program, given, flags: { dryRun = false, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const report = await continuable({ terminal, program, given }, { kept: dryRun ? "" : "Completed writes stay completed.", hasResume: false }, async () =>
        dryRun ? { backlog: (await store.health()).backlog } : store.reconcile({ signal: terminal.signal }),
      );
      if (json === true) await print(terminal, JSON.stringify({ ...report, dryRun }));
      else for (const line of fieldLines({ ...report })) await print(terminal, line);
      const isDone = "backlog" in report ? report.backlog !== null && report.backlog.deadLettered === 0 : report.failed + report.deadLettered === 0;
      return isDone ? EXIT.ok : EXIT.problem;
    }),
});
