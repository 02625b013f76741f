import { jsonObject, prefixOf } from "../arguments.ts";
import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { print } from "../terminal.ts";

interface Flags {
  readonly filter?: string;
}

export const count = command<Flags>({
  name: "count",
  summary: "Counts the items below a namespace.",
  details: "Reads all of them: the cost grows with their number.",
  examples: ["count", "count users.mia", `count users --filter '{"kind":"note"}'`],
  opensStore: true,
  changes: false,
  stopsAfterPart: true,
  define: (program) =>
    program
      .argument("[namespace]", "labels separated by periods; without it: all namespaces")
      .option("--filter <json>", `conditions on the values: '{"kind":"note"}'`),
  run: ({ terminal, program, given, args: [namespace], flags: { filter, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const labels = prefixOf(namespace);
      const conditions = filter === undefined ? {} : { filter: jsonObject(filter, "--filter") };
      const counting = (): Promise<number> => store.count(labels, { ...conditions, signal: terminal.signal });
      const items = await continuable({ terminal, program, given }, { kept: "Nothing was counted.", hasResume: false }, counting);
      await print(terminal, json === true ? JSON.stringify({ namespace: labels, items }) : String(items));
      return EXIT.ok;
    }),
});
