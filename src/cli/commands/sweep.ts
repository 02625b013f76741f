import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { fieldLines } from "../table.ts";
import { print } from "../terminal.ts";

export const sweep = command({
  name: "sweep",
  summary: "Deletes expired items and their vectors.",
  details: "A running store does so by itself, every ttl.sweepIntervalMinutes. No read returns an expired item, even before it is deleted.",
  examples: ["sweep", "sweep --dry-run"],
  opensStore: true,
  changes: true,
  stopsAfterPart: true,
  run: ({ terminal, program, given, flags: { dryRun = false, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const report = await continuable({ terminal, program, given }, { kept: dryRun ? "" : "What was removed stays removed.", hasResume: false }, () =>
        store.sweep({ dryRun, signal: terminal.signal }),
      );
      if (json === true) await print(terminal, JSON.stringify({ ...report, dryRun }));
      else for (const line of fieldLines({ ...report })) await print(terminal, line);
      return EXIT.ok;
    }),
});
