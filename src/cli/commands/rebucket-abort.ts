import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { confirm, note, print } from "../terminal.ts";

export const rebucketAbort = command({
  name: "rebucket abort",
  summary: "Cancels a change of partitions before processes read the new partitions, and deletes these.",
  details: "Exit code 2 when processes already read the new partitions: then the change can only be completed.",
  examples: ["rebucket abort --dry-run", "rebucket abort --yes"],
  opensStore: true,
  changes: true,
  stopsAfterPart: true,
  run: ({ terminal, program, given, flags: { dryRun = false, yes, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const { change } = await store.partitions();
      if (change !== null && !dryRun && yes !== true && !(await confirm(terminal, `Abort the change of ${change.namespace.join(".") || "all namespaces"} to ${change.buckets} partitions?`))) {
        note(terminal, "Nothing was changed.");
        return EXIT.problem;
      }
      const task = () => store.abortRebucket({ signal: terminal.signal });
      const aborted = dryRun ? change?.switched === false : await continuable({ terminal, program, given }, { hasResume: false }, task);
      if (json === true) await print(terminal, JSON.stringify({ aborted, dryRun }));
      else if (change === null) await print(terminal, "No change of partitions is in progress.");
      else await print(terminal, dryRun ? (aborted ? "The change would be aborted." : "The new partitions are read already: the change can only be completed.") : "The change was aborted.");
      return EXIT.ok;
    }),
});
