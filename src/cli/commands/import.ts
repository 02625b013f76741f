import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { ImportOptions, ImportRejection, ImportReport } from "../../operator/import-report.ts";
import { ConfigurationError, messageOf } from "../../model/errors.ts";
import { prefixOf } from "../arguments.ts";
import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { isStore, type SourceStore } from "../../operator/import-source.ts";
import { isPostgresUrl } from "../../operator/postgres-source.ts";
import { importDefault, withStore } from "../open-store.ts";
import { openOutputFile } from "../output-file.ts";
import { Progress } from "../progress.ts";
import { fieldLines } from "../table.ts";
import { noteVectors } from "../import-notes.ts";
import { note, print, type Terminal } from "../terminal.ts";
import type { ScyllaDBStore } from "../../scylladb-store.ts";

interface Flags {
  readonly prefix?: string;
  readonly onConflict?: NonNullable<ImportOptions["onConflict"]>;
  readonly check?: boolean;
  readonly rejected?: string;
  readonly from?: string;
}

/** Rejected lines that are printed; all of them go to the file of --rejected. */
const MOST_PRINTED = 20;

export const importCommand = command<Flags>({
  name: "import",
  summary: "Writes the items of an export to the store, with their times and TTLs.",
  details:
    "With --from, every item is compared with the source afterwards. Rejected lines are printed with number and reason; the others are imported. To continue an interrupted import, run it again: it skips items " +
    "that are stored already. Exit code 1 when a line was rejected or the file is truncated.",
  examples: ["import memories.jsonl.gz", "import memories.jsonl.gz --check", "import memories.jsonl --dry-run --rejected rejected.jsonl", "import - < memories.jsonl", "import --from postgres://user@host/db", "import --from ./old-store.mjs --dry-run"],
  opensStore: true,
  changes: true,
  stopsAfterPart: true,
  define: (program) =>
    program
      .argument("[file]", "path of the file, or - for standard input")
      .option("--from <source>", "another LangGraph store: postgres://… (PostgresStore), or a module whose default export is a BaseStore")
      .option("--prefix <namespace>", "only items at or below this namespace")
      .option("--on-conflict <rule>", "item that is stored already: newer (the later update stays), overwrite or keep", "newer")
      .option("--check", "validates all lines first, and imports nothing when one is rejected or the file is truncated")
      .option("--rejected <file>", "writes the number and reason of every rejected line to this file"),
  run: ({ terminal, program, given, args: [file = ""], flags }) =>
    withStore(terminal, flags, async (store) => {
      const { check = false, dryRun = false } = flags;
      checkUsage(file, flags);
      const checked = check || dryRun ? await importOnce(store, terminal, file, flags, new Progress(terminal, "Checking"), true) : null;
      const isWrong = checked !== null && hasProblem(checked);
      const progress = new Progress(terminal, "Importing");
      const kept = file === "-" ? "What was imported stays. Give the same input again." : "What was imported stays.";
      const write = (): Promise<ImportReport> =>
        continuable({ terminal, program, given }, { kept, hasResume: false, progress }, () => importOnce(store, terminal, file, flags, progress, false));
      const report = checked !== null && (dryRun || isWrong) ? checked : await write();
      const isDry = report === checked;
      await printReport(terminal, report, isDry, flags.json === true);
      return hasProblem(report) ? EXIT.problem : EXIT.ok;
    }),
});

function checkUsage(file: string, { check = false, from }: Flags): void {
  if ((file === "") === (from === undefined)) throw new ConfigurationError("import requires a file, or --from <source>.");
  if (check && from !== undefined) throw new ConfigurationError("--check is for files: use --dry-run with --from.");
  if (check && file === "-") throw new ConfigurationError("--check reads the file twice: give a path, not standard input.");
}

async function printReport(terminal: Terminal, report: ImportReport, isDry: boolean, isJson: boolean): Promise<void> {
  if (isJson) await print(terminal, JSON.stringify({ ...report, dryRun: isDry }));
  else for (const line of fieldLines({ ...report })) await print(terminal, line);
  if (!report.complete) note(terminal, "The file is truncated: its end line is missing, or counts other items. What it holds was read.");
  noteVectors(terminal, report);
  if (isDry) note(terminal, "Nothing was imported.");
  for (const { namespace, key, problem } of report.verification?.examples ?? []) note(terminal, `${namespace.join(".")} ${JSON.stringify(key)}: ${problem}`);
}

function hasProblem({ rejected, complete, missing, vectors, verification }: ImportReport): boolean {
  return rejected > 0 || vectors.pending > 0 || !complete || missing > 0 || (verification !== null && verification.equal < verification.compared);
}

async function sourceOf({ input }: Terminal, file: string, from: string | undefined): Promise<Readable | SourceStore | string> {
  if (from === undefined) return file === "-" ? input : file;
  if (isPostgresUrl(from)) return from;
  const source = await importDefault(from, "--from");
  if (typeof source === "object" && source !== null && isStore(source)) return source;
  throw new ConfigurationError(`--from: the default export of ${from} must be a BaseStore, such as an InMemoryStore.`);
}

async function importOnce(store: ScyllaDBStore, terminal: Terminal, file: string, flags: Flags, progress: Progress, dryRun: boolean): Promise<ImportReport> {
  const { prefix, onConflict = "newer", rejected, from } = flags;
  const rejects = rejected === undefined ? null : (await openOutputFile(rejected, "--rejected")).createWriteStream();
  rejects?.on("error", (error) => note(terminal, `--rejected: not all rejected lines are in the file: ${messageOf(error)}`));
  let count = 0;
  const onRejected = (rejection: ImportRejection): void => {
    count += 1;
    rejects?.write(`${JSON.stringify(rejection)}\n`);
    const [one, many] = from === undefined ? ["Line", "lines"] : ["Item", "items"];
    if (count <= MOST_PRINTED) note(terminal, `${one} ${rejection.line}: ${rejection.reason}`);
    else if (count === MOST_PRINTED + 1) note(terminal, `More ${many} were rejected: see --rejected <file>.`);
  };
  try {
    return await store.importFrom(await sourceOf(terminal, file, from), {
      verify: from !== undefined,
      prefix: prefixOf(prefix),
      onConflict,
      dryRun,
      onRejected,
      onProgress: ({ done, items }) => progress.report(done, `${items} items`),
      signal: terminal.signal,
    });
  } finally {
    progress.stop();
    // A failed write was printed.
    if (rejects !== null) await finished(rejects.end()).catch(() => undefined);
  }
}
