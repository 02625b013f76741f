import { namespaceOf } from "../arguments.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { itemJson } from "../item-output.ts";
import { withStore } from "../open-store.ts";
import { note, print } from "../terminal.ts";

export const get = command({
  name: "get",
  summary: "Prints one item. Exit code 1 when there is none.",
  details: "Reading does not renew the item's time to live.",
  examples: ["get users.mia food", "get users.mia food --json"],
  opensStore: true,
  changes: false,
  define: (program) => program.argument("<namespace>", "labels separated by periods").argument("<key>", "key of the item"),
  run: ({ terminal, args: [namespace, key = ""], flags }) =>
    withStore(terminal, flags, async (store) => {
      const item = await store.get(namespaceOf(namespace), key, { refreshTtl: false, signal: terminal.signal });
      if (item === null) {
        note(terminal, "There is no such item.");
        if (flags.json === true) await print(terminal, "null");
        return EXIT.problem;
      }
      await print(terminal, JSON.stringify(itemJson(item), null, flags.json === true ? 0 : 2));
      return EXIT.ok;
    }),
});
