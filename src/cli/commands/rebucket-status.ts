import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { tableLines } from "../table.ts";
import { note, print } from "../terminal.ts";

export const rebucketStatus = command({
  name: "rebucket status",
  summary: "Shows the rules of the partitions, and the change in progress.",
  details: "Exit code 1 while a change is in progress or interrupted. Nothing is changed.",
  examples: ["rebucket status", "rebucket status --json"],
  opensStore: true,
  changes: false,
  run: ({ terminal, flags: { json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const status = await store.partitions();
      const { rules, change } = status;
      if (json === true) {
        await print(terminal, JSON.stringify(status));
      } else {
        const rows = [...rules.map(({ namespace, buckets }) => [namespace.join(".") || "(all)", String(buckets)]), ["(others)", "1"]];
        for (const line of tableLines(["namespace", "partitions"], rows)) await print(terminal, line);
        if (change !== null) {
          const { namespace, buckets, switched, progress } = change;
          const share = progress.done === null ? "" : ` (${Math.round(100 * progress.done)} %)`;
          note(terminal, `Changing ${namespace.join(".") || "all namespaces"} to ${buckets}: ${progress.phase}, ${progress.records} records${share}.`);
          note(terminal, switched ? "The new partitions are read. Complete the change with: rebucket start" : "Complete the change with: rebucket start; or undo it with: rebucket abort");
        }
      }
      return change === null ? EXIT.ok : EXIT.problem;
    }),
});
