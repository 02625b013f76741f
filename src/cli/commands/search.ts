import type { SearchOptions } from "../../call-options.ts";
import type { SearchMode } from "../../model/search-mode.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { anyNumber, jsonObject, prefixOf, wholeNumber } from "../arguments.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { itemJson, itemLines } from "../item-output.ts";
import { withStore } from "../open-store.ts";
import { note, print } from "../terminal.ts";

interface Flags {
  readonly query?: string;
  readonly mode?: SearchMode;
  readonly filter?: string;
  readonly limit: number;
  readonly offset: number;
  readonly order?: "oldest" | "newest";
  readonly minScore?: number;
  readonly cursor?: string;
}

export const search = command<Flags>({
  name: "search",
  summary: "Finds items below a namespace: by meaning with --query, otherwise in order of creation.",
  details: "Prints how the search was answered: its mode, and whether and why it was degraded. Reading does not renew times to live.",
  examples: [`search users.mia --query "what does she eat?"`, `search users.mia --query "curry" --mode keyword`, `search users --filter '{"kind":"note"}' --limit 50`, "search --json"],
  opensStore: true,
  changes: false,
  define: (program) =>
    program
      .argument("[namespace]", "labels separated by periods; without it: all namespaces")
      .option("--query <text>", "ranks results by this text")
      .option("--mode <mode>", "with --query: semantic (similarity), keyword (words that query and item share) or hybrid (both)")
      .option("--filter <json>", `conditions on the values: '{"kind":"note"}'`)
      .option("--limit <count>", "most results", wholeNumber, 10)
      .option("--offset <count>", "number of results to skip", wholeNumber, 0)
      .option("--order <order>", "without a query: oldest or newest")
      .option("--min-score <score>", "lowest score of a result", anyNumber)
      .option("--cursor <cursor>", "continues after an earlier search: its cursor"),
  run: ({ terminal, args: [namespace], flags }) =>
    withStore(terminal, flags, async (store) => {
      const { query, mode, filter, limit, offset, order, minScore, cursor, json } = flags;
      if (mode !== undefined && query === undefined && cursor === undefined) throw new ConfigurationError("--mode is for searches with a query: add --query <text>.");
      const options: SearchOptions = {
        limit,
        offset,
        refreshTtl: false,
        signal: terminal.signal,
        ...(query === undefined ? {} : { query }),
        ...(mode === undefined ? {} : { mode }),
        ...(filter === undefined ? {} : { filter: jsonObject(filter, "--filter") }),
        ...(order === undefined ? {} : { order }),
        ...(minScore === undefined ? {} : { minScore }),
        ...(cursor === undefined ? {} : { cursor }),
      };
      const results = await store.search(prefixOf(namespace), options);
      const { info } = results;
      if (json === true) {
        await print(terminal, JSON.stringify({ results: results.map(itemJson), info }));
      } else {
        for (const line of itemLines(results, query !== undefined)) await print(terminal, line);
        note(terminal, Object.entries(info).map(([name, value]) => `${name}: ${String(value)}`).join(", "));
      }
      return info.degraded ? EXIT.problem : EXIT.ok;
    }),
});
