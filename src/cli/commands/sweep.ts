import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { fieldLines } from "../table.ts";
import { print } from "../terminal.ts";

export const sweep = command({
  name: "sweep",
  summary: "Removes expired items and their vectors now.",
  details: "A running store does so by itself, every ttl.sweepIntervalMinutes. Expired items are not returned by any read, swept or not.",
  examples: ["sweep", "sweep --dry-run"],
  opensStore: true,
  changes: true,
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
