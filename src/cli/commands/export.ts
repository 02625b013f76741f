import type { Writable } from "node:stream";
import type { Compression } from "../../operator/compression.ts";
import type { ExportReport } from "../../operator/export.ts";
import { prefixOf } from "../arguments.ts";
import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { Progress } from "../progress.ts";
import { fieldLines } from "../table.ts";
import { note, print } from "../terminal.ts";

interface Flags {
  readonly prefix?: string;
  readonly compression?: Compression;
  readonly vectors?: boolean;
  readonly resume?: boolean;
}

export const exportCommand = command<Flags>({
  name: "export",
  summary: "Writes items to a file of JSON Lines, with their times, TTLs and typed values.",
  details:
    'The file is named <file>.part until it is complete. After Ctrl-C, a full disk or a lost connection, --resume continues this file. "-" is standard ' +
    "output. Memory use does not depend on the number of items. Exit code 1 when items were omitted because their values cannot be decoded.",
  examples: ["export memories.jsonl.gz", "export mia.jsonl --prefix users.mia", "export memories.jsonl.zst --resume", "export memories.jsonl.zst --vectors", "export - | head"],
  opensStore: true,
  changes: false,
  stopsAfterPart: true,
  define: (program) =>
    program
      .argument("<file>", "path of the file, or - for standard output")
      .option("--prefix <namespace>", "only items at or below this namespace")
      .option("--compression <kind>", "none, gzip or zstd (default: by the name of the file, .gz or .zst)")
      .option("--vectors", "also writes the stored vectors: a store with the same model and index rules then embeds nothing")
      .option("--resume", "continues an export to this file that was interrupted"),
  run: ({ terminal, program, given, args: [file = ""], flags: { prefix, compression, vectors, resume, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const progress = new Progress(terminal, "Exporting");
      const options = {
        prefix: prefixOf(prefix),
        signal: terminal.signal,
        onProgress: ({ done, items }: { readonly done: number | null; readonly items: number }) => progress.report(done, `${items} items`),
        ...(compression === undefined ? {} : { compression }),
        ...(vectors === undefined ? {} : { vectors }),
        ...(resume === undefined ? {} : { resume }),
      };
      const write = (to: string | Writable): Promise<ExportReport> => store.exportTo(to, options).finally(() => progress.stop());
      const report = await (file === "-" ? write(terminal.output) : continuable({ terminal, program, given }, { hasResume: true, progress }, () => write(file)));
      const { withVectors, ...counts } = report;
      const lines = json === true ? [JSON.stringify({ file, ...report })] : fieldLines(withVectors === null ? counts : { ...counts, withVectors });
      // Standard output has the items.
      for (const line of lines) await (file === "-" ? note(terminal, line) : print(terminal, line));
      return report.unreadable > 0 ? EXIT.problem : EXIT.ok;
    }),
});
