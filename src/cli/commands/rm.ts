import { namespaceOf } from "../arguments.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { confirm, note, print } from "../terminal.ts";

interface Flags {
  readonly actor?: string;
}

export const rm = command<Flags>({
  name: "rm",
  summary: "Deletes one item. Exit code 1 when there is none.",
  details: "To delete all items below a namespace and get a report, use erase.",
  examples: ["rm users.mia food", "rm users.mia food --yes"],
  opensStore: true,
  changes: true,
  define: (program) =>
    program
      .argument("<namespace>", "labels separated by periods")
      .argument("<key>", "key of the item")
      .option("--actor <id>", "actor for the audit trail: the user on whose behalf the command runs"),
  run: ({ terminal, args: [namespace = "", key = ""], flags }) =>
    withStore(terminal, flags, async (store) => {
      const { dryRun, yes, json, actor } = flags;
      const labels = namespaceOf(namespace);
      const isThere = (await store.get(labels, key, { refreshTtl: false })) !== null;
      const isConfirmed = !isThere || dryRun === true || yes === true || (await confirm(terminal, `Delete ${JSON.stringify(key)} in ${namespace}?`));
      if (!isConfirmed) {
        note(terminal, "Nothing was changed.");
        return EXIT.problem;
      }
      if (isThere && dryRun !== true) await (actor === undefined ? store : store.with({ actor })).delete(labels, key);
      const text = !isThere ? "There is no such item." : dryRun === true ? "The item would be deleted. Nothing was changed." : "The item was deleted.";
      await print(terminal, json === true ? JSON.stringify({ namespace: labels, key, deleted: isThere && dryRun !== true, existed: isThere, dryRun: dryRun === true }) : text);
      return isThere ? EXIT.ok : EXIT.problem;
    }),
});
