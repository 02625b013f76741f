import { namespaceOf, prefixOf, wholeNumber } from "../arguments.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { note, print } from "../terminal.ts";

interface Flags {
  readonly depth?: number;
  readonly limit: number;
  readonly keys?: boolean;
}

/** Most namespaces of one request. */
const PAGE = 1_000;

export const ls = command<Flags>({
  name: "ls",
  summary: "Lists namespaces that hold items, as a tree, or the keys below a namespace.",
  examples: ["ls", "ls users --depth 2", "ls users.mia --keys", "ls --json"],
  opensStore: true,
  changes: false,
  define: (program) =>
    program
      .argument("[namespace]", 'namespace at which to start, labels separated by periods: "users.mia"')
      .option("--depth <labels>", "cuts namespaces to this number of labels", wholeNumber)
      .option("--keys", "lists the keys of items instead, each with its namespace")
      .option("--limit <count>", "most lines", wholeNumber, 1_000),
  run: ({ terminal, args: [prefix], flags }) =>
    withStore(terminal, flags, async (store) => {
      const { depth, limit, keys, json } = flags;
      const namespace = namespaceOf(prefix);
      const listed: (string[] | { namespace: string[]; key: string })[] = [];
      if (keys === true) {
        for await (const id of store.keys(prefixOf(prefix))) {
          if (listed.push(id) > limit) break;
        }
      } else {
        for (let offset = 0; listed.length <= limit; offset += PAGE) {
          const page = await store.listNamespaces({ prefix: namespace, limit: PAGE, offset, ...(depth === undefined ? {} : { maxDepth: depth }) });
          listed.push(...page);
          if (page.length < PAGE) break;
        }
      }
      const shown = listed.slice(0, limit);
      if (json === true) await print(terminal, JSON.stringify(shown));
      else for (const line of keys === true ? shown.map(keyLine) : treeLines(shown as string[][])) await print(terminal, line);
      if (listed.length > limit) note(terminal, `There is more: the first ${limit} are shown. Use --limit.`);
      return EXIT.ok;
    }),
});

function keyLine(id: string[] | { namespace: string[]; key: string }): string {
  return "key" in id ? `${id.namespace.join(".")}\t${id.key}` : id.join(".");
}

/** Each label once, below the ones before it. */
function treeLines(namespaces: readonly string[][]): string[] {
  const lines: string[] = [];
  let before: readonly string[] = [];
  for (const labels of namespaces) {
    const shared = labels.findIndex((label, i) => label !== before[i]);
    for (const [i, label] of labels.entries()) if (shared !== -1 && i >= shared) lines.push(`${"  ".repeat(i)}${label}`);
    before = labels;
  }
  return lines;
}
